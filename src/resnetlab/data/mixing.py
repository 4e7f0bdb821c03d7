"""Mixup and cutmix by torchvision, with a random state that follows from the seed and the step alone."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torchvision.transforms import v2

from resnetlab.data.randomness import Purpose, seeded
from resnetlab.specs.augmentation import Augmentation


def mix(
    images: Float[Tensor, "n c h w"],
    labels: Int[Tensor, " n"],
    classes: int,
    augmentation: Augmentation,
    seed: int,
    step: int,
) -> tuple[Float[Tensor, "n c h w"], Tensor]:
    """Each image mixed with the one before it, and its label with that one's, (n, classes); or both as they came.

    Processes that share a batch draw the same share or box, and each mixes within its own part.

    Args:
        images: normalised.
        labels: class numbers.
        classes: of the data.
        augmentation: of which `mixup` and `cutmix` are done; with both, each batch gets one of them.
        seed: of the whole training.
        step: over the whole of training, from 0.
    """
    if not augmentation.mixes:
        return images, labels
    ways = [
        way(alpha=float(alpha), num_classes=classes)
        for way, alpha in ((v2.MixUp, augmentation.mixup), (v2.CutMix, augmentation.cutmix))
        if alpha
    ]
    with seeded(Purpose.MIXING, seed, step):
        way = ways[int(torch.randint(len(ways), ()))]
        mixed, shares = way(images, labels)
    return mixed, shares
