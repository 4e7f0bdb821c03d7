"""The windows of pixels that the positions of a tensor see, and the operations that change them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from resnetlab.core.errors import ResnetlabError


@dataclass(frozen=True)
class Window:
    """The pixels that position 0 sees along one side of the image, and how much further position 1 sees.

    Attributes:
        dim: dimension of the tensor that runs along this side of the image; None where none does any longer.
        stride: pixels from one position to the next.
        first, last: pixels that position 0 sees, both included; negative ones are padding. Infinite where every
            position sees the image from end to end.
    """

    dim: int | None
    stride: int
    first: float
    last: float

    def slide(self, kernel: int, stride: int = 1, dilation: int = 1, padding: int = 0) -> Window:
        """Gives the window after a kernel has slid over the positions."""
        first = self.first - padding * self.stride
        last = self.last + ((kernel - 1) * dilation - padding) * self.stride
        return Window(self.dim, self.stride * stride, first, last)

    def whole(self, dim: int | None) -> Window:
        """Gives the window without bounds."""
        return Window(dim, self.stride, -math.inf, math.inf)

    def at(self, dim: int | None) -> Window:
        """Gives the same window, running along another dimension."""
        return replace(self, dim=dim)

    @property
    def is_whole(self) -> bool:
        """Whether every position sees the image from end to end."""
        return math.isinf(self.first)


Footprint = tuple[Window, ...]
"""The windows of a tensor, one for each side of the image."""


@dataclass(frozen=True)
class Operation:
    """One operation on tensors, as it ran.

    Attributes:
        name: as in ATen, without the underscore of in-place ones.
        arguments: by name, with defaults.
        inputs: the tensors among the arguments that see the image, with their footprints.
        output: first tensor of the result.
    """

    name: str
    arguments: dict[str, Any]
    inputs: Sequence[tuple[Tensor, Footprint]]
    output: Tensor

    def of_first_input(self, change: Callable[[Window, int], Window]) -> Footprint:
        """Changes the windows of the first input that run along a dimension; the others stay."""
        return tuple(window if window.dim is None else change(window, window.dim) for window in self.inputs[0][1])

    def refused(self) -> ResnetlabError:
        """Says that there is no rule for this operation, and what to do instead."""
        return ResnetlabError(
            f"there is no receptive-field arithmetic for {self.name!r} on shape {tuple(self.inputs[0][0].shape)}\n"
            "`receptive_field_mask` finds the field of any module by its gradient"
        )
