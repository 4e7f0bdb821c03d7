"""The loop of the usual notebook on CIFAR-10, as a peer: images/s, and the accuracy after each epoch with its seconds.

It imports nothing of resnetlab. Images are decoded once and kept; a DataLoader with two workers makes PIL images and
tensors of them; a ResNet-18 with a 3×3 stem is trained in float32 by SGD (0.1, momentum 0.9, weight decay 5e-4, cosine
over 200 epochs, batch 128) and stopped after three epochs. Seconds are counted from the start of the process.

    python benchmarks/tutorial_loop.py --data cifar10-jpeg --epochs 3
"""

from __future__ import annotations

import time

STARTED = time.perf_counter()

# ruff: noqa: E402, what is imported below takes its time too

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn, optim
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms

BATCH, WORKERS, SCHEDULED_EPOCHS = 128, 2, 200
TRANSFORM = transforms.Compose(
    [transforms.ToTensor(), transforms.Normalize((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))]
)


class DecodedImages(Dataset[tuple[Tensor, int]]):
    """The images of a folder with one folder for each class, decoded when it is opened."""

    def __init__(self, folder: Path) -> None:
        found = datasets.ImageFolder(folder)
        self.labels: list[int] = found.targets
        self.arrays: list[NDArray[np.uint8]] = [np.asarray(found.loader(path)) for path, _ in found.samples]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        return TRANSFORM(Image.fromarray(self.arrays[number])), self.labels[number]


class Block(nn.Module):
    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels != width:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return F.relu(out + self.shortcut(x))


class ResNet18(nn.Module):
    """11,173,962 parameters."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        blocks = [(64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1)]
        blocks += [(128, 256, 2), (256, 256, 1), (256, 512, 2), (512, 512, 1)]
        self.blocks = nn.Sequential(*(Block(*block) for block in blocks))
        self.linear = nn.Linear(512, classes)

    def forward(self, x: Tensor) -> Tensor:
        out = self.blocks(F.relu(self.bn1(self.conv1(x))))
        return self.linear(F.adaptive_avg_pool2d(out, 1).flatten(1))


class TutorialLoop:
    """The loop, step by step.

    Args:
        images: to train on.
        classes: of them.
    """

    def __init__(self, images: DecodedImages, classes: int) -> None:
        self.loader = DataLoader(images, BATCH, shuffle=True, num_workers=WORKERS)
        self.model = ResNet18(classes)
        self.optimiser = optim.SGD(self.model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
        self.schedule = optim.lr_scheduler.CosineAnnealingLR(self.optimiser, SCHEDULED_EPOCHS)

    def epoch(self) -> Iterator[int]:
        """Train an epoch; the images of each batch are counted once it is done."""
        self.model.train()
        for images, labels in self.loader:
            self.optimiser.zero_grad()
            loss = F.cross_entropy(self.model(images), labels)
            loss.backward()
            self.optimiser.step()
            loss.item()  # which notebooks add up
            yield len(labels)
        self.schedule.step()

    @torch.no_grad()
    def accuracy(self, images: DecodedImages) -> float:
        """Per cent of images that are classified right."""
        self.model.eval()
        loader = DataLoader(images, BATCH, num_workers=WORKERS)
        right = sum((self.model(batch).argmax(1) == labels).sum().item() for batch, labels in loader)
        return 100 * right / len(images)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with train/ and test/")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="of training, after which it stops")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()

    torch.manual_seed(asked.seed)
    train, test = DecodedImages(asked.data / "train"), DecodedImages(asked.data / "test")
    loop = TutorialLoop(train, len(set(train.labels)))
    print(f"{sum(tensor.numel() for tensor in loop.model.parameters()):,} parameters", flush=True)
    for epoch in range(asked.epochs):
        began, images = time.perf_counter(), 0
        for batch in loop.epoch():
            images += batch
            if time.perf_counter() - STARTED > asked.seconds:
                break
        speed = images / (time.perf_counter() - began)
        accuracy = loop.accuracy(test)
        now = time.perf_counter() - STARTED
        print(f"epoch {epoch + 1}: {accuracy:.2f} % on the test images, {speed:.1f} images/s, {now:.0f} s", flush=True)
        if now > asked.seconds:
            break
    return 0


if __name__ == "__main__":
    sys.exit(main())
