"""The recipe of the usual notebook: SGD, cosine, no augmentation.

    resnetlab train --model resnet18_cifar --data cifar10 --recipe tutorial

A network that sees each image in one form only learns them by heart: augmentation is what the other recipes add.
Notebooks tend to stop such a schedule after a few of its 200 epochs, where the rate has hardly moved; here it always
spans the epochs that are trained.
"""

from __future__ import annotations

from resnetlab.training.config import Config, Optimiser, Schedule
from resnetlab.training.recipes.recipe import Recipe

TUTORIAL = Recipe(
    name="tutorial",
    source="common notebooks on ResNet-18 for CIFAR-10",
    config=Config(epochs=200, batch_size=128, optim=Optimiser("sgd", lr=0.1, weight_decay=5e-4), schedule=Schedule()),
    model="resnet18_cifar",
    data="cifar10",
    expected="notebooks tell none for all 200 epochs",
    cost="200 epochs of 0.56 GMACs per image: a GPU hour, or days on a laptop's processor",
)
