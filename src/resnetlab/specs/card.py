"""What stands beside a network's weights: which network it is, its classes, what its images go through."""

from __future__ import annotations

from dataclasses import dataclass

from resnetlab.specs.checks import check
from resnetlab.specs.model import ModelSpec
from resnetlab.specs.preprocessing import Preprocessing


@dataclass(frozen=True)
class ModelCard:
    """What is known of a network beside its numbers; None stands for what is not known.

    Args:
        spec: the network, where it is one of ours.
        classes: names in the order of the head's outputs.
        preprocessing: what an image goes through before the network sees it.
        source: where the weights come from ("torchvision IMAGENET1K_V2", a file's name); None: they are as drawn.
        licence: of the weights, as its SPDX name where there is one.
        assumptions: what was taken for granted, a sentence each, because the weights do not tell it.
    """

    spec: ModelSpec | None = None
    classes: tuple[str, ...] | None = None
    preprocessing: Preprocessing | None = None
    source: str | None = None
    licence: str | None = None
    assumptions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.spec is not None and self.classes is not None:
            check(self, "classes", len(self.classes) == self.spec.num_classes, f"{self.spec.num_classes} names")

    @property
    def is_trained(self) -> bool:
        """Whether the weights are somebody's; else they are as drawn."""
        return self.source is not None
