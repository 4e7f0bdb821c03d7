"""The receptive field of any module by its gradient: the pixels that reach one position of one layer.

The gradient is started as NaN at that position and 0 at all others, and the mask is where it arrives as NaN. NaN times
anything is NaN, so that no weight, gate or cancellation can hide a path; what would drop it unseen, the flat side of a
ReLU or the losers of a max-pooling, is replaced by what passes it on.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from resnetlab.analysis.tracing import modules_named, tensors_in, watching
from resnetlab.core.errors import ResnetlabError

FLAT_IN_PARTS = frozenset(
    f"{name}{place}"
    for name in ("relu", "relu6", "hardtanh", "hardswish", "hardsigmoid", "threshold", "clamp", "clamp_min")
    for place in ("", "_")
)
PASSING_TO_ALL: dict[str, Callable[..., Tensor]] = {
    "max_pool1d": F.avg_pool1d,
    "max_pool2d": F.avg_pool2d,
    "max_pool3d": F.avg_pool3d,
    "adaptive_max_pool1d": F.adaptive_avg_pool1d,
    "adaptive_max_pool2d": F.adaptive_avg_pool2d,
    "adaptive_max_pool3d": F.adaptive_avg_pool3d,
    "amax": torch.mean,
}


class _EveryPath(TorchFunctionMode):
    """While it is open, activations pass everything and maxima become means."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if name in FLAT_IN_PARTS:
            return args[0] if args else given["input"]
        if name not in PASSING_TO_ALL:
            return func(*args, **given)
        if name.startswith("max_pool"):
            args, given = _as_average(args, given)
        given.pop("return_indices", None)
        return PASSING_TO_ALL[name](*args, **given)


def receptive_field_mask(
    model: nn.Module, input_size: tuple[int, ...], layer: str = "", position: Sequence[int] | None = None
) -> Bool[Tensor, "*sides"]:
    """Finds the pixels that one position in the output of a layer sees; the model itself is not touched.

    It runs forward and backward in float64 on as many pixels as `input_size` says. A long narrow image is enough for
    one side of the field. Statistics are those of evaluation mode, where a batch norm does not look around.

    Args:
        model: any module.
        input_size: one image, (channels, height, width), larger than the field if all of it is to be seen.
        layer: name of a module in the model, at its last call; the output of the model by default.
        position: which one, (row, column); the middle by default.

    Example:
        >>> mask = receptive_field_mask(nn.Sequential(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3)), (1, 9, 9))
        >>> mask_extent(mask)
        (5, 5)

    Raises:
        UnknownNameError: the model has no such layer.
        ResnetlabError: the layer does not run, or a pooling is dilated.
    """
    twin = copy.deepcopy(model).eval().requires_grad_(False).cpu().double()
    watched = modules_named(twin, [layer])
    outputs: list[Tensor] = []
    image = torch.zeros(1, *input_size, dtype=torch.float64, requires_grad=True)
    collecting = watching(twin, watched, lambda layer, inputs, output: outputs.append(next(tensors_in(output))))
    with torch.enable_grad(), _EveryPath(), collecting:
        twin(image.clone())
    if not outputs:
        raise ResnetlabError(f"{layer!r} of {type(model).__name__} does not run")
    output = outputs[-1]
    poison = torch.zeros_like(output)
    middle = [size // 2 for size in output.shape[2:]]
    poison.movedim(1, -1)[(0, *(middle if position is None else position))] = math.nan
    (gradient,) = torch.autograd.grad(output, image, poison)
    return gradient.isnan().any(dim=(0, 1))


def mask_extent(mask: Bool[Tensor, "*sides"]) -> tuple[int, ...]:
    """Gives the sides of the smallest box around a mask; 0 where nothing is in it."""
    places = mask.nonzero()
    if len(places) == 0:
        return (0,) * mask.dim()
    return tuple((places.amax(dim=0) - places.amin(dim=0) + 1).tolist())


def _as_average(args: Sequence[Any], given: dict[str, Any]) -> tuple[Sequence[Any], dict[str, Any]]:
    """Turns the arguments of a max-pooling into those of an average pooling over the same windows."""
    names = ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode")
    given = dict(zip(names, args, strict=False)) | given
    dilation = given.pop("dilation", 1)
    if any(step != 1 for step in (dilation if isinstance(dilation, tuple | list) else [dilation])):
        raise ResnetlabError(
            f"a max-pooling is dilated by {dilation}; `receptive_field_mask` knows only undilated ones"
        )
    return (), {name: value for name, value in given.items() if name in names and value is not None}
