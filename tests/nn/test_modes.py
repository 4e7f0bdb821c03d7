"""Every kind of network in the memory formats, number formats, devices and compilers of PyTorch."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from small_networks import SMALL, small_network
from torch import nn

EVERY_KIND = pytest.mark.parametrize("name", SMALL)


def images(*shape: int) -> torch.Tensor:
    return torch.randn(*(shape or (4, 3, 33, 35)))


def settled(name: str) -> nn.Module:
    """In evaluation, after one batch has moved the running statistics from their start."""
    network = small_network(name)
    with torch.no_grad():
        network.train()(images())
    return network.eval()


@EVERY_KIND
def test_channels_last_gives_the_same_and_stays_channels_last(name: str) -> None:
    network, batch = settled(name).double(), images(4, 3, 32, 34).double()
    strayed: list[str] = []

    def look(part: str, output: torch.Tensor) -> None:
        if output.dim() == 4 and not output.is_contiguous(memory_format=torch.channels_last):
            strayed.append(part)

    with torch.no_grad():
        expected = network(batch)
        network.to(memory_format=torch.channels_last)
        for part, layer in network.named_modules():
            layer.register_forward_hook(lambda layer, inputs, output, part=part: look(part, output))
        found = network(batch.to(memory_format=torch.channels_last))
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    assert strayed == []


@EVERY_KIND
def test_bfloat16_gives_the_same_to_its_three_digits(name: str) -> None:
    network, batch = settled(name), images()
    with torch.no_grad():
        expected = network(batch)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mixed = network(batch)
        pure = network.bfloat16()(batch.bfloat16())
    assert pure.dtype == torch.bfloat16
    for found in (mixed, pure):
        assert (found.float() - expected).norm() < 0.05 * expected.norm()


@EVERY_KIND
def test_a_step_in_bfloat16_learns_every_parameter(name: str) -> None:
    network = small_network(name).train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = network(images()).float().square().mean()
    loss.backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in network.parameters())


@EVERY_KIND
def test_the_meta_device_gives_shapes_without_memory(name: str) -> None:
    with torch.device("meta"):
        network, batch = small_network(name), images()
    assert network(batch).shape == (4, 10)
    assert all(tensor.is_meta for tensor in (*network.parameters(), *network.buffers()))


def run_without_shape_checks(what: str) -> None:
    """In a process of its own, where nothing stands between the networks and PyTorch's tracers."""
    script = Path(__file__).with_name("traced.py")
    run = subprocess.run([sys.executable, script, what], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]


@pytest.mark.parametrize("what", ["trace", pytest.param("trace-all", marks=pytest.mark.full)])
def test_every_kind_can_be_traced_and_exported(what: str) -> None:
    run_without_shape_checks(what)


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_a_compiled_network_learns_the_same() -> None:
    run_without_shape_checks("compile")
