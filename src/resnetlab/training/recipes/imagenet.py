"""ImageNet: torchvision's 90 epochs, and the recipes that brought ResNet-50 to 80 %.

torchrun --nproc-per-node 8 -m resnetlab train --model resnet50 --data imagenet:PATH --recipe imagenet90
torchrun --nproc-per-node 8 -m resnetlab train --model resnet50 --data imagenet:PATH --recipe rsb-a3
"""

from __future__ import annotations

from dataclasses import replace

from resnetlab.specs import papers
from resnetlab.specs.augmentation import Augmentation
from resnetlab.specs.papers import Source
from resnetlab.training.config import Config, Optimiser, Schedule
from resnetlab.training.recipes.recipe import Recipe

IMAGENET90 = Recipe(
    name="imagenet90",
    source="torchvision's references/classification, IMAGENET1K_V1",
    config=Config(
        epochs=90,
        batch_size=256,
        size=224,
        optim=Optimiser("sgd", lr=0.1, weight_decay=1e-4),
        schedule=Schedule("steps", drops=(30 / 90, 60 / 90)),
        augment=Augmentation(crop_scale=(0.08, 1.0), flip="random"),
        validation=0.0,
    ),
    model="resnet50",
    data="imagenet:PATH",
    expected="76.130 % (torchvision's IMAGENET1K_V1)",
    cost="90 epochs of 4.1 GMACs per image: about 100 hours of one A100",
)

RSB_A3 = Recipe(
    name="rsb-a3",
    source=str(Source(papers.WIGHTMAN_2021, "Table 2")),
    config=Config(
        epochs=100,
        batch_size=2048,
        size=160,
        optim=Optimiser("lamb", lr=8e-3, weight_decay=0.02, decay_norms=False),
        schedule=Schedule("cosine", warmup_epochs=5.0, warmup_from=1e-6 / 8e-3),
        augment=Augmentation(
            crop_scale=(0.08, 1.0), flip="random", randaugment=2, randaugment_magnitude=6, mixup=0.1, cutmix=1.0
        ),
        loss="binary",
        validation=0.0,
    ),
    model="resnet50",
    data="imagenet:PATH",
    expected="78.1 % at 224 pixels (Table 1)",
    cost="15 hours on four V100 (Table 1)",
    deviations=(
        "RandAugment is torchvision's, without the random deviation of its strength",
        "judged at the pixels of training (the paper: 224, centre crop of 0.95, bicubic)",
    ),
)

RSB_A2 = replace(
    RSB_A3,
    name="rsb-a2",
    config=replace(
        RSB_A3.config,
        epochs=300,
        size=224,
        optim=replace(RSB_A3.config.optim, lr=5e-3),
        schedule=replace(RSB_A3.config.schedule, warmup_from=1e-6 / 5e-3),
        augment=replace(RSB_A3.config.augment, randaugment_magnitude=7),
        drop_path=0.05,
    ),
    expected="79.8 % (Table 1)",
    cost="55 hours on four V100 (Table 1)",
    deviations=(*RSB_A3.deviations, "each image is seen once an epoch: repeated augmentation is left out"),
)
