"""Fine-tuning: weights of somebody's, a new head, a low rate.

resnetlab finetune --model resnet50@DEFAULT --data imagefolder:PATH --freeze stem,layer1,layer2
"""

from __future__ import annotations

from resnetlab.specs.augmentation import Augmentation
from resnetlab.training.config import Config, Optimiser, Schedule
from resnetlab.training.recipes.recipe import Recipe

FINETUNE = Recipe(
    name="finetune",
    source="this project",
    config=Config(
        epochs=10,
        batch_size=32,
        optim=Optimiser("sgd", lr=0.01, weight_decay=1e-4),
        schedule=Schedule("cosine", warmup_epochs=0.5),
        augment=Augmentation(flip="random"),
    ),
    model="resnet50@DEFAULT",
    data="imagefolder:PATH",
    expected="depends on the data",
    cost="a tenth of training from nothing, or less",
)
