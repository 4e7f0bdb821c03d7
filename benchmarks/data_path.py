"""What a batch costs beside the step that it is for, in the same run: at most 3 % of a step of ResNet-20.

A batch of 128 images of 32×32 pixels is cut, flipped, given a hole and normalised from bytes in memory, as
`training_batches` does in training; the step is forward, backward and SGD in the numbers that `--precision auto`
takes here, or in float32. They take turns; the figure is the median of their ratios. Pixels and labels are drawn at
random, for neither time depends on them. With --stream, the same batches are read from the JPEG files of an image
folder, in this process.

    python benchmarks/data_path.py --rounds 40
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable, Iterator

import torch
from pairs import compare, machine
from torch.nn import functional as F

from resnetlab import create_model
from resnetlab.core.memory import keep_large_blocks
from resnetlab.data.batches import Batch, Batches, Delivery, training_batches
from resnetlab.data.held import Held
from resnetlab.data.preparation import Place
from resnetlab.data.references import open_data
from resnetlab.specs.augmentation import Augmentation
from resnetlab.specs.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from resnetlab.training.precision import Choice, choose_precision

ALLOWED = 0.03
BATCH = 128
IMAGES = 50_000
HOW = Preprocessing(32, 32, IMAGENET_MEAN, IMAGENET_STD)
DELIVERY = Delivery(HOW, BATCH, Place("cpu", channels_last=True))
CHANGES = {
    "none": Augmentation(),
    "crop, flip": Augmentation(crop_padding=4, flip="random"),
    "crop, flip, cutout": Augmentation(crop_padding=4, flip="random", cutout=8),
    "crop, flip, cutout, mixup": Augmentation(crop_padding=4, flip="random", cutout=8, mixup=0.2),
}


def in_memory(augmentation: Augmentation) -> Batches:
    images = torch.randint(0, 256, (IMAGES, 3, 32, 32), dtype=torch.uint8)
    held = Held(images, torch.randint(0, 10, (IMAGES,)), tuple("0123456789"), "random")
    return training_batches(held, DELIVERY, augmentation, seed=0)


def from_files(reference: str, augmentation: Augmentation) -> Batches:
    images = open_data(reference, "train")
    return training_batches(images, DELIVERY, augmentation, seed=0)


def endless(batches: Batches) -> Iterator[Batch]:
    for number in itertools.count():
        yield from batches.epoch(number)


def training_step(choice: Choice) -> Callable[[], object]:
    model = create_model("resnet20").train().to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    images = torch.randn(BATCH, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (BATCH,))

    def step() -> None:
        with choice.autocast():
            logits = model(images)
        F.cross_entropy(logits.float(), labels).backward()
        optimiser.step()
        optimiser.zero_grad()

    return step


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--precision", choices=["auto", "fp32", "bf16"], default="auto", help="of the step")
    parser.add_argument("--stream", metavar="imagefolder:PATH")
    asked = parser.parse_args()

    keep_large_blocks()
    choice = choose_precision("cpu", asked.precision)
    step, ratios = training_step(choice), []
    print(f"{machine()}, a step in {choice.precision}")
    for what, augmentation in CHANGES.items():
        batches = endless(from_files(asked.stream, augmentation) if asked.stream else in_memory(augmentation))
        found = compare(lambda batches=batches: next(batches), step, asked.rounds)
        ratios.append(found.ratio)
        print(f"{what}: {found.ours:.2f} ms a batch, {found.theirs:.0f} ms a step, ratio {100 * found.ratio:.2f} %")
    print(f"allowed {100 * ALLOWED:.0f} %" + (", for images in memory" if asked.stream else ""))
    return 0 if asked.stream or max(ratios) <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
