"""What decoding ahead is worth: `resnetlab.predict` over the loop that everybody writes, in the same run.

The loop decodes a batch with Pillow, prepares it with torchvision's transforms, then runs the network, and begins the
next batch. Both take the same network, the same transforms and as many images at a time, from a folder of 500×375
JPEGs: cuts of two photographs with noise, no two alike. Each works in a process of its own, for the two ask different
things of the C library's memory. They take turns; the figure is the median of their ratios; at least 1.5 is wanted.

    python benchmarks/predict.py --rounds 7
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import torch
from pairs import compare, machine
from PIL import Image
from sklearn.datasets import load_sample_images
from torchvision import transforms

import resnetlab
from resnetlab.specs.preprocessing import IMAGENET

WANTED = 1.5
NOISE = 12  # grey levels
TOLERANCE = 0.02  # of a probability: Pillow and PyTorch resample with different roundings


def write_photographs(folder: Path, count: int) -> list[Path]:
    random, photographs = np.random.default_rng(0), load_sample_images().images
    files = []
    for number in range(count):
        whole = photographs[number % 2]
        top, left = (random.integers(0, most + 1) for most in (whole.shape[0] - 375, whole.shape[1] - 500))
        cut = whole[top : top + 375, left : left + 500] + random.integers(-NOISE, NOISE + 1, (375, 500, 3))
        files.append(folder / f"{number:04}.jpg")
        Image.fromarray(cut.clip(0, 255).astype(np.uint8)).save(files[-1], quality=85)
    return files


def plain_loop(model: torch.nn.Module, files: list[Path], batch: int) -> list[list[float]]:
    prepare = transforms.Compose(
        [
            transforms.Resize(IMAGENET.resize),
            transforms.CenterCrop(IMAGENET.size),
            transforms.ToTensor(),
            transforms.Normalize(IMAGENET.mean, IMAGENET.std),
        ]
    )
    found = []
    with torch.inference_mode():
        for start in range(0, len(files), batch):
            images = torch.stack([prepare(Image.open(file).convert("RGB")) for file in files[start : start + batch]])
            found += model(images).softmax(1).topk(5).values.tolist()
    return found


def ours(model: torch.nn.Module, files: list[Path], batch: int) -> list[list[float]]:
    found = resnetlab.predict(model, files, batch_size=batch, size=224, resize=256, quiet=True, untrained=True)
    return [[guess.probability for guess in row.guesses] for row in found.rows]


WAYS = {"plain": plain_loop, "ours": ours}


def work(way: str, name: str, files: list[Path], batch: int, turns: Connection) -> None:
    """Answers each message with how long the way took, and what it found."""
    torch.manual_seed(0)
    model = resnetlab.create_model(name).eval()
    while turns.recv():
        started = time.perf_counter()
        found = WAYS[way](model, files, batch)
        turns.send((time.perf_counter() - started, found))


class Worker:
    """One way in a process of its own, which waits for its turn."""

    def __init__(self, way: str, name: str, files: list[Path], batch: int) -> None:
        self.turns, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(target=work, args=(way, name, files, batch, there))
        process.start()

    def turn(self) -> tuple[float, list[list[float]]]:
        self.turns.send(True)
        return self.turns.recv()

    def end(self) -> None:
        self.turns.send(False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        files = write_photographs(Path(folder), asked.images)
        workers = {way: Worker(way, asked.model, files, asked.batch) for way in WAYS}
        (_, theirs), (_, found) = (worker.turn() for worker in workers.values())
        assert np.abs(np.subtract(theirs, found)).max() < TOLERANCE, "the two ways see different things"
        timed = compare(workers["ours"], workers["plain"], asked.rounds, timer=lambda worker: worker.turn()[0])
        for worker in workers.values():
            worker.end()
    plain, ahead, ratio = timed.theirs / asked.images, timed.ours / asked.images, 1 / timed.ratio
    print(machine())
    print(f"{asked.model}, {asked.images} JPEGs of 500×375, {asked.batch} at a time, {asked.rounds} rounds")
    print(f"plain loop {plain:.1f} ms an image, predict {ahead:.1f} ms, ratio {ratio:.2f} (wanted {WANTED})")
    return 0 if ratio >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
