"""How the commands on images are run; light enough for the command line to read without waiting for PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import tyro

from resnetlab.actions.networks.options import ModelOptions
from resnetlab.core.devices import DeviceName
from resnetlab.core.errors import ResnetlabError
from resnetlab.training.config import OnOff

MOST_SEED = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class ImageSettings(ModelOptions):
    """How a network looks at images.

    Args:
        batch_size: images per forward pass.
        device: where the network computes.
        untrained: a network that was never trained will do.
        seed: of the weights of a network that was never trained.
        quiet: show no progress.
    """

    batch_size: int = 32
    device: DeviceName = "auto"
    untrained: bool = False
    seed: int = 0
    quiet: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_size < 1:
            raise ResnetlabError(f"--batch-size {self.batch_size} is impossible\ngive 1 or more")
        if not 0 <= self.seed <= MOST_SEED:
            raise ResnetlabError(f"--seed {self.seed} is impossible\ngive a whole number from 0 to {MOST_SEED}")

    def only(self, kind: type[ImageSettings]) -> dict[str, Any]:
        """The fields of one of its parents as keyword arguments, without what a subclass adds."""
        return {field.name: getattr(self, field.name) for field in fields(kind)}


@dataclass(frozen=True, kw_only=True)
class PredictSettings(ImageSettings):
    """How `predict` looks at images.

    Args:
        top: classes told for each image.
    """

    top: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.top < 1:
            raise ResnetlabError(f"--top {self.top} is impossible\ngive 1 or more")


@dataclass(frozen=True, kw_only=True)
class EvalSettings(ImageSettings):
    """How `eval` counts, and where it writes.

    Args:
        split: the data's test images, or those for training.
        flip_at_test: average what the network gives for an image and for its mirror image; auto: as a run judges
            its own network.
        skip_unreadable: leave out images that cannot be read, and tell how many; else they are an error.
        output: folder for eval.json and the figure.
        exist_ok: replace the files of an earlier evaluation in the output folder.
    """

    split: Literal["test", "train"] = "test"
    flip_at_test: OnOff = "auto"
    skip_unreadable: bool = False
    output: Annotated[
        Path | None, tyro.conf.arg(metavar="FOLDER", help_behavior_hint="(else runs/eval/<time>-<name>)")
    ] = None
    exist_ok: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.flip_at_test not in get_args(OnOff):
            raise ResnetlabError(
                f"--flip-at-test {self.flip_at_test} is impossible\ngive {', '.join(get_args(OnOff))}"
            )
        if isinstance(self.output, str):
            object.__setattr__(self, "output", Path(self.output))
