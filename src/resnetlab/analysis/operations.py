"""What PyTorch's operators are called here: one word for each computation, however it was written.

`x += y`, `x + y` and `torch.add(x, y)` are one computation, as are `F.relu(x)`, `x.relu_()` and `x.clamp(min=0)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SAME_AS = {
    "native_batch_norm": "batch_norm",
    "cudnn_batch_norm": "batch_norm",
    "miopen_batch_norm": "batch_norm",
    "_native_batch_norm_legit": "batch_norm",
    "_native_batch_norm_legit_no_training": "batch_norm",
    "_batch_norm_with_update": "batch_norm",
    "native_layer_norm": "layer_norm",
    "native_group_norm": "group_norm",
    "_fused_rms_norm": "layer_norm",
    "max_pool2d_with_indices": "max_pool2d",
    "_adaptive_avg_pool2d": "adaptive_avg_pool2d",
    "mkldnn_convolution": "convolution",
    "mkldnn_linear": "linear",
    "addmm": "linear",
    "_prelu_kernel": "prelu",
    "_unsafe_view": "view",
    "reshape": "view",
    "clamp_min": "clamp",
    "threshold": "clamp",
    "addcmul": "add",
    "lerp": "add",
}
PRODUCTS = {"mm", "bmm", "baddbmm", "matmul", "addmv", "mv"}
"""Products of two matrices: a linear layer where one of them is made of weights alone."""

WEIGHTED = frozenset({"convolution", "linear"})
NORMS = frozenset({"batch_norm", "layer_norm", "group_norm"})
ACTIVATIONS = frozenset(
    {"relu", "relu6", "silu", "gelu", "sigmoid", "tanh", "leaky_relu", "elu", "selu", "celu", "prelu", "hardtanh"}
    | {"hardswish", "hardsigmoid", "mish", "softplus", "log_sigmoid", "rrelu_with_noise"}
)
BOUNDS = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "hardsigmoid": (0.0, 1.0), "softsign": (-1.0, 1.0)}
"""Squashing functions, and the numbers between which their outputs lie."""
WITHOUT_OPTIONS = frozenset({"relu", "relu6"})
"""Their names say all, also where they were written as a clamp with options."""
POOLS = frozenset({"max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d"})
FREE = frozenset(
    {"view", "permute", "transpose", "t", "expand", "squeeze", "unsqueeze", "as_strided", "alias", "detach", "clone"}
    | {"contiguous", "copy", "_to_copy", "lift_fresh", "dropout", "native_dropout"}
)
"""They rearrange or copy what a tensor holds, and compute nothing."""

ROLES = {"self": "input", "mat1": "input", "mat2": "weight"}


def kind_of(operator: str, options: Mapping[str, Any]) -> str:
    """The one word for an operator; the marks of in-place and of overloads are gone from its name already.

    >>> kind_of("clamp", {"min": 0, "max": None}), kind_of("hardtanh", {"min_val": 0, "max_val": 6})
    ('relu', 'relu6')
    """
    kind = SAME_AS.get(operator, operator)
    if kind == "clamp":
        above = options.get("max")
        from_zero = options.get("min", options.get("threshold")) == 0
        return "clamp" if not from_zero else "relu" if above is None else "relu6" if above == 6 else "clamp"
    if kind == "hardtanh" and (options.get("min_val"), options.get("max_val")) == (0, 6):
        return "relu6"
    return kind
