"""`resnetlab finetune`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from resnetlab.actions.runs.finetune_settings import DEFAULT_RECIPE, FinetuneSettings
from resnetlab.cli.training_flags import TrainingFlags

if TYPE_CHECKING:
    from resnetlab.actions.runs.preparation import MakeNetwork


@dataclass(frozen=True, kw_only=True)
class Finetune(TrainingFlags, FinetuneSettings):
    """Train a trained network on, for the classes of other data: with a new head where they are others by name, and
    with parts of it frozen where so asked.

    All else is as in train: the recipe is finetune where none is named, and --resume goes on to the same bits.
    """

    KIND: ClassVar = FinetuneSettings
    COMMAND: ClassVar = "finetune"
    DEFAULT_RECIPE: ClassVar = DEFAULT_RECIPE
    EXAMPLES: ClassVar = (
        "resnetlab finetune --model net.pth --data imagefolder:classes --batch-size 4 --freeze stem,layer1",
        "resnetlab finetune --model net.pth --data digits --epochs 3 --freeze stem,layer1,layer2 --unfreeze-at 2",
        "resnetlab finetune --model net.pth --data digits --optim.lr 0.005 --optim.stage-decay 0.5 --print-config",
    )

    @property
    def make_network(self) -> MakeNetwork:
        """With a head for the data's classes."""
        from resnetlab.actions.finetune import network_to_finetune

        return network_to_finetune
