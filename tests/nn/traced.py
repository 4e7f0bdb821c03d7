"""Networks through PyTorch's tracers; run by test_modes.py: `python traced.py trace|trace-all|compile`."""

from __future__ import annotations

import sys
from collections.abc import Collection
from functools import partial

import torch
from small_networks import SMALL, small_network
from torch import Tensor, fx, nn

from resnetlab import create_model


def check(name: str, changed: nn.Module, network: nn.Module, *batches: Tensor) -> None:
    """Evaluation must give the same numbers as the network itself, for every batch."""
    for images in batches:
        with torch.no_grad():
            torch.testing.assert_close(changed(images), network(images), rtol=1e-4, atol=1e-5, msg=name)


# Exporting takes seconds; the kinds that are left out are made of the parts of these.
EXPORTED = (
    *("shortcut A", "shortcut gated", "SkipInit", "regnet_y_400mf", "vgg11_bn", "densenet121", "efficientnet_b0"),
)


def trace(exported: Collection[str] = EXPORTED) -> None:
    """All kinds of networks by `torch.fx`, as feature extraction needs; and exported for any number of images."""
    for name in SMALL:
        network = small_network(name).eval()
        images = torch.randn(2, 3, 32, 32)
        check(name, fx.symbolic_trace(network), network, images, torch.randn(3, 3, 33, 40))
        if name not in exported:
            continue
        program = torch.export.export(network, (images,), dynamic_shapes=({0: torch.export.Dim("n", min=1)},))
        check(name, program.module(), network, images, torch.randn(5, 3, 32, 32))


def compile() -> None:
    """One network, without a break in its graph, in a training step."""
    network = create_model("resnet20", widths="8/16", depths="1/1", shortcut="B").train()
    compiled = torch.compile(network, fullgraph=True)
    images = torch.randn(2, 3, 16, 16)
    gradients = []
    for module in (network, compiled):
        network.zero_grad()
        module(images).square().sum().backward()
        gradients.append([parameter.grad.clone() for parameter in network.parameters()])
    for plain, fused in zip(*gradients, strict=True):
        torch.testing.assert_close(fused, plain, rtol=1e-3, atol=1e-3 * plain.abs().max().item())


if __name__ == "__main__":
    torch.manual_seed(0)
    {"trace": trace, "trace-all": partial(trace, SMALL), "compile": compile}[sys.argv[1]]()
