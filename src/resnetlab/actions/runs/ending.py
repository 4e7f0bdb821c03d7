"""The end of a training: the network that is kept, and how right it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from resnetlab.actions.judging.evaluation import Evaluation
from resnetlab.actions.runs.evaluation import FLIPPED_TOO, Mirrored, count_scores, write_scores
from resnetlab.actions.runs.preparation import Prepared
from resnetlab.actions.runs.report import LAST_KEPT
from resnetlab.actions.runs.train_settings import TrainSettings
from resnetlab.actions.runs.watch import AnyWatch
from resnetlab.core.errors import CheckpointError
from resnetlab.data.preparation import Batch
from resnetlab.training.checkpoints import load_checkpoint_file
from resnetlab.training.distributed import World, agree_on_buffers, agree_on_weights, barrier, from_first
from resnetlab.training.places import BEST, FOLDER
from resnetlab.training.state import load_kept
from resnetlab.weights.saving import save


@dataclass(frozen=True, eq=False)
class Ending:
    """What is done after the last step.

    Args:
        folder: of the run.
        asked: its settings.
        world: this process.
        ready: what was trained.
        source: where the weights come from, in words.
        until_asked: gives the batches of an evaluation until a signal ends it.
    """

    folder: Path
    asked: TrainSettings
    world: World
    ready: Prepared
    source: str
    until_asked: Callable[[Iterable[Batch]], Iterator[Batch]]

    def keep(self, watch: AnyWatch) -> tuple[str, ...]:
        """Write the network that is kept; gives a remark where that is not the one that was asked for."""
        ready, remarks = self.ready, list[str]()
        barrier()  # until the first process has written the last checkpoint
        if self.asked.keep == "best":
            if ready.state.gather is None:  # the first process's disk alone may have the file
                remark = from_first(self._load_best)
                agree_on_weights(ready.state.judged)
            else:
                remark = self._load_best()
            if remark:
                remarks.append(remark)
                watch.say(remark)
        agree_on_buffers(ready.state.judged)
        kept = ready.state.kept
        if self.world.is_first:
            save(kept, self.folder, classes=ready.data.classes, preprocessing=ready.how, source=self.source)
        return tuple(remarks)

    def judge(self, remarks: tuple[str, ...]) -> Evaluation | None:
        """Count the kept network's mistakes, in float32: on the test images, looked at here alone, else on those held
        out.

        Args:
            remarks: on the network that is kept.
        """
        ready = self.ready
        images, batches = (
            (ready.data.validation, ready.validation) if ready.test is None else (ready.data.test, ready.test)
        )
        if images is None or batches is None:
            return None
        flips = self.asked.flip_at_test
        judged = Mirrored(ready.state.judged) if flips else ready.state.judged
        scores = count_scores(judged, self.until_asked(batches), len(images.classes), self.world.device)
        found = Evaluation(
            model=str(self.folder),
            data=images.name,
            split=images.split,
            scores=scores,
            classes=images.classes,
            unreadable=(),
            remarks=(*ready.remarks, *remarks, *((FLIPPED_TOO,) if flips else ())),
            facts={"preprocessing": asdict(ready.how), "device": self.world.device, "seed": self.asked.seed},
            folder=self.folder,
        )
        if self.world.is_first:
            write_scores(found)
        return found

    def _load_best(self) -> str | None:
        """Put the best network in the place of the last; where there is none, a remark."""
        try:
            load_kept(self.ready.state, load_checkpoint_file(self.folder / FOLDER / BEST))
        except CheckpointError as error:
            return f"{LAST_KEPT}: {str(error).splitlines()[0]}"
        return None
