"""What `finetune` is asked for: all of `train`'s settings, and what is frozen, dropped and new; without PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from resnetlab.actions.runs.train_settings import TrainSettings
from resnetlab.core.errors import ResnetlabError

DEFAULT_RECIPE = "finetune"


@dataclass(frozen=True, kw_only=True)
class FinetuneSettings(TrainSettings):
    """How a trained network goes on to other data.

    Args:
        freeze: parts that stay as they are, running statistics too, joined by commas: stem,layer1; an unknown one is
            answered with all that the network has.
        unfreeze_at: the epoch, counted from 1, from whose start on they are trained as well.
        dropout: share of what the last layer sees that is dropped in training; None: as the network has it.
        new_head: draw a new head also where the network tells just the data's classes.
    """

    freeze: Annotated[str, tyro.conf.arg(metavar="PART[,PART…]")] = ""
    unfreeze_at: Annotated[int | None, tyro.conf.arg(metavar="EPOCH")] = None
    dropout: Annotated[float | None, tyro.conf.arg(metavar="SHARE")] = None
    new_head: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.freeze, str):
            object.__setattr__(self, "freeze", ",".join(self.freeze))
        if self.dropout is not None and not 0 <= self.dropout < 1:
            raise ResnetlabError(f"--dropout {self.dropout} is impossible\ngive a share from 0, below 1")
        if self.unfreeze_at is None:
            return
        if not self.frozen:
            raise ResnetlabError(f"--unfreeze-at {self.unfreeze_at} without --freeze has nothing to unfreeze")
        if self.unfreeze_at < 2:
            raise ResnetlabError(f"--unfreeze-at {self.unfreeze_at} is impossible\ngive 2 or a later epoch")
        if self.shard:
            raise ResnetlabError("--unfreeze-at does not go with --shard\nfreeze to the end, or leave --shard out")

    @property
    def frozen(self) -> tuple[str, ...]:
        """The parts to freeze."""
        return tuple(part.strip() for part in self.freeze.split(",") if part.strip())
