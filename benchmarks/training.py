"""Images/s of `resnetlab train` as a ratio to the usual notebook's loop, in one run.

Both train a CIFAR ResNet-18 (11,173,962 parameters) by SGD in batches of 128 of the same images: the one by what
`resnetlab train --recipe tutorial` puts together on this machine, the other by `tutorial_loop.py`. Each has a process
of its own, so that what the one sets (memory, threads) does not help the other, and waits while the other works. They
take turns of some steps; the figure is the median of the ratios, turn by turn, and 2.7 is the least that is
promised.

    python benchmarks/training.py --data cifar10-jpeg --rounds 12

On a machine that does other work too, time of the processor is steadier than time on the clock; that of the loader's
workers is then not counted.

    OMP_NUM_THREADS=1 python benchmarks/training.py --data cifar10-jpeg --processor-time
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

from pairs import compare, machine

PROMISED = 2.7
BATCH = 128
SETTLING = 0.3  # seconds in which the loader's workers fill their queue, so that they do not run into the other's turn


def ours(data: Path) -> Iterator[int]:
    """The trainer's own steps, without end."""
    from resnetlab.actions.runs.network import network_to_train
    from resnetlab.actions.runs.preparation import prepare
    from resnetlab.actions.runs.train_settings import TrainSettings, settings_from
    from resnetlab.core.memory import keep_large_blocks
    from resnetlab.training.distributed import World
    from resnetlab.training.loop import take_step

    keep_large_blocks()
    asked = settings_from(
        TrainSettings, recipe="tutorial", data=f"imagefolder:{data}", device="cpu", batch_size=BATCH, quiet=True
    )
    ready = prepare(asked, World(), network_to_train)
    ready.state.runs.train()
    for epoch in count():
        for batch in ready.batches.epoch(epoch):
            take_step(ready.state, batch, ready.rule)
            yield len(batch.images)


def theirs(data: Path) -> Iterator[int]:
    """The notebook's steps, without end."""
    from tutorial_loop import DecodedImages, TutorialLoop

    images = DecodedImages(data / "train")
    loop = TutorialLoop(images, len(set(images.labels)))
    while True:
        yield from loop.epoch()


def work(
    make_steps: Callable[[Path], Iterator[int]], data: Path, steps: int, of_processor: bool, orders: Connection
) -> None:
    """Take so many steps whenever told to, and answer with the seconds that an image took."""
    loop, clock = make_steps(data), time.process_time if of_processor else time.perf_counter
    while orders.recv():
        began = clock()
        images = sum(next(loop) for _ in range(steps))
        took = clock() - began
        time.sleep(SETTLING)
        orders.send(took / images)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with train/ and test/")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--steps", type=int, default=4, help="of each turn")
    parser.add_argument("--processor-time", action="store_true")
    asked = parser.parse_args()

    print(machine())
    spawn, ends = multiprocessing.get_context("spawn"), []
    for make_steps in (ours, theirs):
        here, there = spawn.Pipe()
        # A daemon could not start the loader's workers.
        spawn.Process(target=work, args=(make_steps, asked.data, asked.steps, asked.processor_time, there)).start()
        there.close()  # so that its end is noticed here
        ends.append(here)

    def seconds_per_image(end: Connection) -> float:
        end.send(True)
        return float(end.recv())

    try:
        found = compare(ends[0], ends[1], asked.rounds, seconds_per_image)
    finally:
        for end in ends:
            end.send(False)
    print(f"resnetlab {1000 / found.ours:.0f} images/s, the notebook's loop {1000 / found.theirs:.0f}")
    print(f"{1 / found.ratio:.2f} times as fast, {PROMISED} promised")
    return 0 if 1 / found.ratio >= PROMISED else 1


if __name__ == "__main__":
    sys.exit(main())
