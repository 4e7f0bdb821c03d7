"""How weights are drawn before training."""

from __future__ import annotations

import zlib

import torch
from torch import nn

from resnetlab.core.errors import SpecError
from resnetlab.nn.merges import GatedMerge

SCHEMES = ("he", "xavier", "pytorch")


def initialise(model: nn.Module, scheme: str = "he", gain: float = 1.0) -> None:
    """Draw every convolution's weights; norms and gates keep what they start with, linear layers PyTorch's default.

    Paper:
        "he": He et al. 2015b, Eq. 14, standard deviation √(2 / fan-out), as torchvision's ResNets. "xavier": Glorot &
        Bengio 2010, Eq. 16. "pytorch": each layer's default, uniform within ±1/√fan-in.

    Args:
        model: changed in place; on the meta device nothing is drawn.
        scheme: "he", "xavier" or "pytorch".
        gain: every convolution's weights are multiplied by this.

    Raises:
        SpecError: no such scheme.
    """
    _check(scheme)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            _draw(layer, scheme, gain)
    _set_gates(model)


def draw_by_name(model: nn.Module, scheme: str = "he", gain: float = 1.0) -> None:
    """Draw all weights again, each from a generator of its own, made of PyTorch's seed and the layer's name.

    Networks built under one seed then share the draw of every layer whose name and shape they share, whatever else
    stands before it: norms or none, skips or none, at any depth. PyTorch's generator is left as it was.

    Args:
        model: changed in place.
        scheme: as in `initialise`.
        gain: as in `initialise`.

    Raises:
        SpecError: no such scheme.
    """
    _check(scheme)
    seed = torch.initial_seed()
    with torch.random.fork_rng(devices=[]):
        for name, layer in model.named_modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                own = zlib.crc32(f"{seed} {name}".encode())
                torch.manual_seed(own)
                layer.reset_parameters()
                if isinstance(layer, nn.Conv2d):
                    torch.manual_seed(own)
                    _draw(layer, scheme, gain)
    _set_gates(model)


def _draw(layer: nn.Conv2d, scheme: str, gain: float) -> None:
    if scheme == "he":
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    elif scheme == "xavier":
        nn.init.xavier_uniform_(layer.weight)
    if gain != 1.0:
        with torch.no_grad():
            layer.weight.mul_(gain)
    if layer.bias is not None and scheme != "pytorch":
        nn.init.zeros_(layer.bias)


def _set_gates(model: nn.Module) -> None:
    for merge in model.modules():
        if isinstance(merge, GatedMerge):
            merge.set_gate()


def _check(scheme: str) -> None:
    if scheme not in SCHEMES:
        raise SpecError(f"scheme={scheme!r} is no way to draw weights\nallowed: {', '.join(SCHEMES)}")
