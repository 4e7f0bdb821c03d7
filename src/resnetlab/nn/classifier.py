"""What every network of the zoo has in common: a linear layer at its end that can be looked at and replaced."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from torch import nn

from resnetlab.core.errors import SpecError
from resnetlab.specs.card import ModelCard
from resnetlab.specs.model import ModelSpec


class Classifier(nn.Module):
    """A network whose last layer tells classes apart; its methods have the names that timm gives them.

    Attributes:
        spec: what it is built from.
        num_features: numbers that the last layer sees of each image.
        card: what is known of its weights, where they came from somewhere.
    """

    head: ClassVar[str] = "fc"  # the path of the last layer
    head_dropouts: ClassVar[tuple[str, ...]] = ("dropout",)  # the paths of the dropouts before it
    spec: ModelSpec
    num_features: int
    card: ModelCard | None = None

    def get_classifier(self) -> nn.Module:
        """The last layer: linear, or the identity once it was taken off."""
        return self.get_submodule(self.head)

    def set_head_dropout(self, share: float) -> None:
        """Drop this share of what the last layer sees, in training; the spec says so too, and no weight changes.

        Raises:
            SpecError: a share that cannot be.
        """
        self.spec = self.spec.with_fields(head_dropout=share)
        if self.card is not None:
            self.card = replace(self.card, spec=self.spec)
        for path in self.head_dropouts:
            dropout = self.get_submodule(path)
            assert isinstance(dropout, nn.Dropout)
            dropout.p = share

    def reset_classifier(self, num_classes: int) -> None:
        """Put a fresh last layer in the place of the old one, on the network's device and of its type.

        The network counts as untrained then, and its classes have no names, until it is saved with others.

        Args:
            num_classes: outputs of the new layer; 0 takes it off, so that the network gives pooled features.

        Raises:
            SpecError: a negative number.
        """
        if num_classes < 0:
            raise SpecError(f"num_classes={num_classes} is impossible\nallowed: 0 (no last layer) or more")
        new: nn.Module = nn.Identity()
        if num_classes:
            like = next(self.parameters())
            new = nn.Linear(self.num_features, num_classes, device=like.device, dtype=like.dtype)
            self.spec = self.spec.with_fields(num_classes=num_classes)
        if self.card is not None:
            rest = f"the last layer is fresh; all else is of {self.card.source}"
            said = (*self.card.assumptions, *([rest] if self.card.is_trained else []))
            self.card = replace(self.card, spec=self.spec, classes=None, source=None, assumptions=said)
        self.set_submodule(self.head, new)
