"""From images to a batch that a network takes: the random changes in their order, and what ends up on the device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from resnetlab.data.augment import random_crop_and_flip, random_cutout
from resnetlab.data.mixing import mix
from resnetlab.data.pixels import random_colours, training_square
from resnetlab.data.preprocess import normalise
from resnetlab.specs.augmentation import Augmentation
from resnetlab.specs.preprocessing import Preprocessing


@dataclass(frozen=True, eq=False)
class Batch:
    """What a network sees in one step.

    Args:
        images: (n, C, S, S), normalised, on the device.
        labels: (n,) class numbers, or (n, classes) shares of each class where images were mixed.
    """

    images: Float[Tensor, "n c s s"]
    labels: Tensor


@dataclass(frozen=True)
class Place:
    """Where batches go.

    Args:
        device: of the network.
        channels_last: the order of values in memory that its convolutions do fast.
    """

    device: str
    channels_last: bool = False

    @property
    def pins(self) -> bool:
        """Whether it fetches sooner from memory that is locked."""
        return self.device.startswith("cuda")


@dataclass(frozen=True)
class Preparation:
    """What is done to images on their way to a network. Where they are held makes no difference to what comes out.

    Args:
        how: size, channels, normalisation.
        augmentation: random changes; the defaults change nothing.
        seed: of the whole training.
        classes: of the data.
    """

    how: Preprocessing
    augmentation: Augmentation = field(default_factory=Augmentation)
    seed: int = 0
    classes: int = 0

    def square(self, image: Shaped[Tensor, "c h w"], epoch: int, index: int) -> Shaped[Tensor, "k s s"]:
        """One image brought to the network's size.

        Args:
            image: as it was read, or a square that is held.
            epoch: from 0.
            index: of the image in its data set.
        """
        return training_square(image, self.how, self.augmentation, self.seed, epoch, index)

    def changed(
        self, squares: Shaped[Tensor, "n c s s"], epoch: int, indices: Int[Tensor, " n"]
    ) -> Shaped[Tensor, "n c s s"]:
        """A batch of squares after the changes that leave bytes bytes.

        Args:
            squares: bytes, or float in [0, 1].
            epoch: from 0.
            indices: of the images in their data set.
        """
        moved = random_crop_and_flip(squares, self.augmentation, self.seed, epoch, indices)
        return random_colours(moved, self.augmentation, self.seed, epoch, indices)

    def batch(
        self,
        squares: Shaped[Tensor, "n c s s"],
        labels: Int[Tensor, " n"],
        epoch: int,
        indices: Int[Tensor, " n"],
        step: int,
        place: Place,
    ) -> Batch:
        """What the network sees: squares on the device, normalised, with holes cut out, and mixed.

        Args:
            squares: as `changed` gives them.
            labels: class numbers.
            epoch: from 0.
            indices: of the images in their data set.
            step: over the whole of training, from 0.
            place: where to.
        """
        images = normalise(squares.to(place.device, non_blocking=True), self.how)
        images = random_cutout(images, self.augmentation.cutout, self.seed, epoch, indices)
        labels = labels.to(place.device, non_blocking=True)
        images, labels = mix(images, labels, self.classes, self.augmentation, self.seed, step)
        form = torch.channels_last if place.channels_last else torch.contiguous_format
        return Batch(images.contiguous(memory_format=form), labels)

    def one(self, read: Callable[[], Tensor], epoch: int, index: int) -> Tensor:
        """A worker's part for each image: `square`, and what takes long for each, so that it is seen to get on."""
        square = self.square(read(), epoch, index)
        if not self.augmentation.randaugment:
            return square
        return self.changed(square.unsqueeze(0), epoch, torch.tensor([index]))[0]

    def together(
        self, ones: list[Tensor], labels: list[int], epoch: int, indices: list[int]
    ) -> tuple[Shaped[Tensor, "n c s s"], Int[Tensor, " n"]]:
        """A worker's part for all at once: `changed`, where that was not done one by one, and the labels."""
        squares = torch.stack(ones)
        changed = squares if self.augmentation.randaugment else self.changed(squares, epoch, torch.tensor(indices))
        return changed, torch.tensor(labels)
