"""Images read by worker processes ahead of the network, and what is said when a worker dies, fails or hangs.

The processes are those of PyTorch's DataLoader. What it cannot tell is which image a worker was at: each worker writes
that down in memory shared with the reader before it begins.
"""

from __future__ import annotations

import atexit
import contextlib
import signal
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import torch
from jaxtyping import Int
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, get_worker_info

from resnetlab.core.errors import ImageError
from resnetlab.core.terminal import on_one_line
from resnetlab.data.images import quiet_decoder
from resnetlab.data.labelled import LabelledImages
from resnetlab.data.watch import RESTS, WorkerWatch

BATCHES_AHEAD = 2  # of each worker


Made = TypeVar("Made", covariant=True)


class Work(Protocol[Made]):
    """What workers make of images."""

    def one(self, read: Callable[[], Tensor], epoch: int, index: int) -> Any:
        """What is made of one image, which `read` gives or says why it cannot."""

    def together(self, ones: list[Any], labels: list[int], epoch: int, indices: list[int]) -> Made:
        """What travels back of all that were asked for at once; tensors are best few and large."""


class Stream(Generic[Made]):
    """Reads images in the order in which they are asked for; workers stay from one epoch to the next.

    Args:
        labelled: images of any size.
        work: what is done to them.
        workers: processes that read; 0 to read in this one.
        pins: memory is locked, from which a graphics card fetches it sooner.
    """

    def __init__(self, labelled: LabelledImages, work: Work[Made], workers: int, *, pins: bool = False) -> None:
        self.labelled, self.work = labelled, work
        self.workers, self.pins = workers, pins
        self.asked = _Asked()
        self.watch: WorkerWatch | None = None
        self.loader: DataLoader[Any] | None = None

    def read(self, epoch: int, parts: Iterable[Int[Tensor, " n"]]) -> Iterator[Made]:
        """What is made of the images of each part, one part after the other.

        Args:
            epoch: from 0; the changes of images follow from it.
            parts: numbers of images.

        Raises:
            ImageError: an image cannot be read, or the worker that read it died or hangs; the message names it.
        """
        self.asked.keys = [(epoch, part.tolist()) for part in parts]
        try:
            with _quiet_start():
                found = iter(self.loader or self._start())
            if self.watch is not None:
                atexit.register(self.watch.end)  # after those of PyTorch, to come before them
            for _ in self.asked.keys:
                made = next(found) if self.watch is None else self.watch.next(found, self.labelled.name_of)
                if isinstance(made, Exception):
                    raise made
                yield made
        except BaseException:  # also where no more is asked for: what workers are at is not waited for
            self._stop()
            raise

    def _start(self) -> DataLoader[Any]:
        images = _Images(self.labelled, self.work)
        options: dict[str, Any] = {}
        if self.workers:
            images.watch = self.watch = WorkerWatch(self.workers)
            options = {
                "num_workers": self.workers,
                "prefetch_factor": BATCHES_AHEAD,
                "persistent_workers": True,
                "timeout": self.watch.look_every,
                "worker_init_fn": partial(_begin, self.watch),
            }
        self.loader = DataLoader(
            images,
            batch_size=None,
            sampler=self.asked,
            collate_fn=_as_it_is,
            pin_memory=self.pins,
            generator=torch.Generator(),  # or it would draw from the state that the network draws from
            **options,
        )
        return self.loader

    def _stop(self) -> None:
        if self.watch is not None:
            atexit.unregister(self.watch.end)
            self.watch.end()
        self.loader = self.watch = None


class _Asked:
    """What the workers are to read next: changed before each pass over it."""

    def __init__(self) -> None:
        self.keys: Sequence[tuple[int, list[int]]] = ()

    def __iter__(self) -> Iterator[tuple[int, list[int]]]:
        return iter(self.keys)

    def __len__(self) -> int:
        return len(self.keys)


class _Images(Dataset[Any]):
    """Gives what is made of the images of a key, or the error that says why it cannot."""

    def __init__(self, labelled: LabelledImages, work: Work[Any]) -> None:
        self.labelled, self.work = labelled, work
        self.watch: WorkerWatch | None = None

    def __getitem__(self, key: tuple[int, list[int]]) -> Any:
        epoch, indices = key
        try:
            with quiet_decoder():
                ones = [self._one(epoch, index) for index in indices]
        except ImageError as error:
            return error
        made = self.work.together(ones, [self.labelled.labels[index] for index in indices], epoch, indices)
        self._note(RESTS)
        return made

    def _one(self, epoch: int, index: int) -> Any:
        self._note(index)
        with _named(self.labelled, index):
            return self.work.one(partial(_read, self.labelled, index), epoch, index)

    def _note(self, index: int) -> None:
        worker = get_worker_info()
        if self.watch is not None and worker is not None:
            self.watch.note(worker.id, index)


def _read(labelled: LabelledImages, index: int) -> Tensor:
    with _named(labelled, index):
        return labelled.read(index)


@contextlib.contextmanager
def _named(labelled: LabelledImages, index: int) -> Iterator[None]:
    """Let every error name the image."""
    try:
        yield
    except ImageError:
        raise
    except Exception as error:
        what = on_one_line(f"{type(error).__name__}: {error}")
        failed = ImageError(f"{labelled.name_of(index)} cannot be read: {what}\nlook at it, or leave it out")
        failed.add_note(traceback.format_exc())  # the cause itself does not travel between processes
        raise failed from error


def _begin(watch: WorkerWatch, worker: int) -> None:
    """In a worker: the process that trains decides when work ends, also where a signal goes to all of them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    watch.begin(worker)


def _as_it_is(made: Any) -> Any:
    return made


@contextlib.contextmanager
def _quiet_start() -> Iterator[None]:
    """Start workers without PyTorch's advice on their number, which the user chose.

    And without its handler of signals, which raises at any place of the program where a worker dies: the reader will
    find out, and knows the image.
    """
    before = signal.getsignal(signal.SIGCHLD) if hasattr(signal, "SIGCHLD") else None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        yield
    if before is not None and signal.getsignal(signal.SIGCHLD) is not before:
        signal.signal(signal.SIGCHLD, before)
