"""Names of classes that a library carries."""

from __future__ import annotations


def imagenet_classes() -> tuple[str, ...]:
    """The 1,000 classes of ImageNet in the order of their numbers, by torchvision; two names stand twice."""
    from torchvision.models import ResNet50_Weights

    return tuple(ResNet50_Weights.IMAGENET1K_V1.meta["categories"])
