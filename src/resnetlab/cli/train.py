"""`resnetlab train`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from resnetlab.actions.runs.train_settings import TrainSettings
from resnetlab.cli.training_flags import TrainingFlags

if TYPE_CHECKING:
    from resnetlab.actions.runs.preparation import MakeNetwork


@dataclass(frozen=True, kw_only=True)
class Train(TrainingFlags, TrainSettings):
    """Train a network, from where it stopped if it stopped.

    What is said here holds before a --config file, the file before a --recipe, the recipe before the defaults.
    SIGINT and SIGTERM save and leave with 130 and 143; --resume goes on to the same bits.
    """

    KIND: ClassVar = TrainSettings
    COMMAND: ClassVar = "train"
    EXAMPLES: ClassVar = (
        "resnetlab train --model resnet20 --data digits --recipe digits --epochs 2",
        "resnetlab train --model 'resnet20[width=8]' --data digits --steps 20 --optim.lr 0.05 --augment.flip random",
        "resnetlab train --recipe he2015 --print-config",
    )

    @property
    def make_network(self) -> MakeNetwork:
        """As the reference names it."""
        from resnetlab.actions.runs.network import network_to_train

        return network_to_train
