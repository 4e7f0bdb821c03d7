"""A run in TensorBoard, which comes with the extra `track`."""

from __future__ import annotations

from importlib import util
from pathlib import Path

from resnetlab.actions.runs.records import EVERY
from resnetlab.core.errors import ResnetlabError
from resnetlab.training.events import EpochDone, StepDone


class TensorBoard:
    """Curves in the run's folder `tensorboard`; `tensorboard --logdir runs` shows those of all runs.

    Args:
        folder: of the run.
        steps: that are done; what was written before of later ones is not shown.
        every: steps from one point to the next.

    Raises:
        ResnetlabError: TensorBoard is not installed.
    """

    def __init__(self, folder: Path, steps: int = 0, every: int = EVERY) -> None:
        require_tensorboard()
        from torch.utils.tensorboard import SummaryWriter

        self.every = every
        self.writer = SummaryWriter(str(folder / "tensorboard"), purge_step=steps + 1)

    def on_step(self, event: StepDone) -> None:
        """Every so many steps: loss and learning rate."""
        if event.step % self.every == 0:
            self.writer.add_scalar("step/loss", event.loss, event.step)
            self.writer.add_scalar("step/learning rate", event.lr, event.step)

    def on_epoch(self, event: EpochDone) -> None:
        """All that the epoch found, and bring it to the disk."""
        found = {
            "epoch/training loss": event.train_loss,
            "epoch/validation loss": event.validation_loss,
            "epoch/validation top-1 (%)": event.validation_top1,
            "speed/images per second": event.images_per_second,
        }
        for name, value in found.items():
            if value is not None:
                self.writer.add_scalar(name, value, event.step)
        self.writer.flush()

    def close(self) -> None:
        """Write what is left."""
        self.writer.close()


def require_tensorboard() -> None:
    """Say how to install TensorBoard where it is missing; to be asked before training starts.

    Raises:
        ResnetlabError: it is not installed.
    """
    if util.find_spec("tensorboard") is None:
        raise ResnetlabError("--tensorboard: TensorBoard is not installed\npip install 'resnetlab[track]'")
