"""CIFAR as in the papers of residual networks: 64,000 steps, a rate that drops, crops out of a border of zeros.

resnetlab train --model resnet20 --data cifar10 --recipe he2015
resnetlab train --model resnet110 --data cifar10 --recipe he2015-deep
resnetlab train --model preact_resnet164 --data cifar10 --recipe he2016
resnetlab train --model wrn28_10 --data cifar10 --recipe wrn
"""

from __future__ import annotations

from dataclasses import replace

from resnetlab.specs import papers
from resnetlab.specs.augmentation import Augmentation
from resnetlab.specs.papers import Source
from resnetlab.training.config import Config, Optimiser, Schedule
from resnetlab.training.recipes.recipe import Recipe

STEPS = 64_000
CROP_AND_FLIP = Augmentation(crop_padding=4, flip="random")
HALVES = Schedule("steps", drops=(32_000 / STEPS, 48_000 / STEPS))
WARM_UP_STEPS = 400

HE_2015 = Recipe(
    name="he2015",
    source=str(Source(papers.HE_2015, "§4.2")),
    config=Config(
        steps=STEPS,
        batch_size=128,
        optim=Optimiser("sgd", lr=0.1, weight_decay=1e-4),
        schedule=HALVES,
        augment=CROP_AND_FLIP,
        validation=0.1,  # 45,000 images to train on, 5,000 to choose by
    ),
    model="resnet20",
    data="cifar10",
    expected="91.25 % for resnet20, 93.03 % for resnet56 (Table 6, trained on 45,000 or 50,000 images)",
    cost="64,000 steps: 3 hours for resnet20 on two cores with bfloat16, minutes on a GPU",
)

HE_2015_DEEP = replace(
    HE_2015,
    name="he2015-deep",
    source=str(Source(papers.HE_2015, "§4.2, for 110 layers")),
    config=replace(
        HE_2015.config,
        schedule=replace(HALVES, warmup_epochs=WARM_UP_STEPS / 351, warmup_from=0.1, warmup_jumps=True),
    ),
    model="resnet110",
    expected="93.57 % best of 5, 93.39 ± 0.16 % on average (Table 6)",
    cost="64,000 steps: a day on two cores, an hour on a GPU",
    deviations=("the low rate is left after 400 steps, not when the training error is below 80 %",),
)

HE_2016 = replace(
    HE_2015_DEEP,
    name="he2016",
    source=str(Source(papers.HE_2016, "appendix")),
    config=replace(
        HE_2015_DEEP.config,
        schedule=replace(HALVES, warmup_epochs=WARM_UP_STEPS / 390, warmup_from=0.1, warmup_jumps=True),
        validation=0.0,  # all 50,000 images are trained on, and the last network is kept
    ),
    model="preact_resnet164",
    expected="94.54 %, median of 5 (Table 2)",
    deviations=(),
)

WRN = Recipe(
    name="wrn",
    source=str(Source(papers.ZAGORUYKO_2016, "§3")),
    config=Config(
        epochs=200,
        batch_size=128,
        optim=Optimiser("sgd", lr=0.1, nesterov=True, weight_decay=5e-4),
        schedule=Schedule("steps", drops=(60 / 200, 120 / 200, 160 / 200), factor=0.2),
        augment=CROP_AND_FLIP,
        validation=0.0,
    ),
    model="wrn28_10",
    data="cifar10",
    expected="96.00 % (Table 5, without dropout)",
    cost="200 epochs of 5.2 GMACs per image: about half a day on a GPU",
    deviations=("the border of crops is zeros, not a reflection",),
)
