"""CIFAR-10 in minutes on two cores: a small residual network whose kernels take orthogonal steps.

    resnetlab train --model resnet8_fast --data cifar10 --recipe fast

What public speed runs found, on a processor: few and wide layers that pool instead of striding, large steps of equal
size in all directions (Muon), images that are small at first and flipped every other epoch, labels made softer, a rate
that falls to nothing. At the end each test image is shown as it is and left to right.
`benchmarks/fast.py` measures it.
"""

from __future__ import annotations

from resnetlab.specs.augmentation import Augmentation
from resnetlab.training.config import Config, Growth, Optimiser, Schedule
from resnetlab.training.recipes.recipe import Recipe

FAST = Recipe(
    name="fast",
    source="this project, after Jordan 2024 (94% on CIFAR-10) and Jordan et al. 2024 (Muon)",
    config=Config(
        epochs=7,
        batch_size=250,
        grow=Growth(sides=(16, 20, 24, 28), until=(0.25, 0.45, 0.65, 0.82)),
        optim=Optimiser(
            "muon", lr=0.12, other_lr=0.05, norm_bias_lr=64.0, momentum=0.6, weight_decay=5e-4, decay_norms=False
        ),
        schedule=Schedule("linear"),
        augment=Augmentation(crop_padding=2, flip="alternating"),
        label_smoothing=0.2,
        validation=0.0,  # all images are trained on, and the last network is kept
        flip_at_test=True,
    ),
    model="resnet8_fast",
    data="cifar10",
    expected="89.6 ± 0.1 % of the JPEG CIFAR-10's test images (seeds 0 to 4)",
    cost="7 epochs, which cost what 4 of 131 MMACs per image do",
)
