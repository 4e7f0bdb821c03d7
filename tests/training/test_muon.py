"""Muon's steps against the singular value decomposition, and against PyTorch's SGD where they are the same."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn, optim

from resnetlab import create_model
from resnetlab.training import muon
from resnetlab.training.config import Optimiser
from resnetlab.training.muon import Muon, orthogonalised
from resnetlab.training.optimisers import build_optimiser
from resnetlab.training.parameter_groups import highest_rate

HOW = Optimiser("muon", lr=0.2, other_lr=0.05, norm_bias_lr=0.05, momentum=0.6, weight_decay=1e-2)


def small_kernel() -> nn.Parameter:
    kernel = nn.Parameter(torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(0)))
    kernel.grad = torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(1))
    return kernel


@pytest.mark.parametrize("narrow", [True, False])
@pytest.mark.parametrize("shape", [(16, 16), (16, 144), (144, 16), (1, 9)])
def test_singular_values_end_near_one_and_singular_vectors_stay(
    shape: tuple[int, int], narrow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(muon, "has_fast_bfloat16", lambda device: narrow)
    left, _, right = torch.linalg.svd(
        torch.randn(shape, generator=torch.Generator().manual_seed(0)), full_matrices=False
    )
    matrix = left @ torch.diag(torch.linspace(0.1, 1, len(right))) @ right
    found = orthogonalised(matrix)
    assert found.dtype == matrix.dtype
    assert (
        torch.equal(found, found.bfloat16().float()) is narrow
    )  # computed in as many digits as the device is fast in
    values = torch.linalg.svdvals(found)
    assert 0.6 < values.min() <= values.max() < 1.3
    assert torch.cosine_similarity(found.flatten(), (left @ right).flatten(), dim=0) > 0.97


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_size_of_a_gradient_does_not_matter_to_a_kernel(scale: float) -> None:
    one, other = small_kernel(), small_kernel()
    assert other.grad is not None
    other.grad *= scale
    for kernel in (one, other):
        Muon([{"params": [kernel], "orthogonal": True}], lr=0.2).step()
    torch.testing.assert_close(one, other, rtol=0.02, atol=0.02)


def test_a_kernel_is_brought_to_the_norm_of_an_orthogonal_one_before_a_step_of_the_rates_share() -> None:
    kernel = small_kernel()
    before = kernel.detach().clone()
    Muon([{"params": [kernel], "orthogonal": True}], lr=0.2).step()
    scaled = before * 8**0.5 / before.norm()
    share = ((kernel - scaled).norm() / scaled.norm()).item()
    assert share == pytest.approx(0.2, rel=0.2)


def test_all_but_kernels_takes_the_steps_of_sgd_with_nesterov() -> None:
    torch.manual_seed(0)
    ours = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2))
    theirs = copy.deepcopy(ours)
    optimisers = (
        build_optimiser(ours, HOW),
        optim.SGD(theirs.parameters(), HOW.other_lr, HOW.momentum, weight_decay=HOW.weight_decay, nesterov=True),
    )
    images = torch.randn(8, 3)
    for _ in range(3):
        for model, optimiser in zip((ours, theirs), optimisers, strict=True):
            optimiser.zero_grad()
            model(images).square().mean().backward()
            optimiser.step()
    for mine, peer in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, peer)


def test_kernels_biases_of_norms_and_all_else_have_rates_of_their_own() -> None:
    model = create_model("resnet20", width=4)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    how = replace(HOW, norm_bias_lr=8.0, weight_decay=5e-4, decay_norms=False)
    found = {
        names[id(parameter)]: (group["lr"], group["orthogonal"], group["weight_decay"])
        for group in build_optimiser(model, how).param_groups
        for parameter in group["params"]
    }
    assert len(found) == len(names)
    for name, told in found.items():
        bias_of_norm = name.endswith("bias") and "fc" not in name
        rate = 0.2 if "conv" in name else 8.0 if bias_of_norm else 0.05
        decay = 5e-4 if name.endswith("weight") and "bn" not in name else 0.0
        assert told == (pytest.approx(rate), "conv" in name, decay), name


def test_the_rate_that_is_told_is_that_of_kernels_and_not_of_what_norms_add() -> None:
    optimiser = build_optimiser(create_model("resnet20", width=4), replace(HOW, norm_bias_lr=8.0))
    assert highest_rate(optimiser) == 0.2
    assert highest_rate(optim.SGD([small_kernel()], 0.3)) == 0.3


def test_an_optimiser_goes_on_from_its_state_to_the_same_bits() -> None:
    def gradients(step: int) -> Tensor:
        return torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(step))

    whole, halves = small_kernel(), small_kernel()
    one, first = (Muon([{"params": [kernel], "orthogonal": True}], lr=0.2) for kernel in (whole, halves))
    for step in range(2):
        for kernel, optimiser in ((whole, one), (halves, first)):
            kernel.grad = gradients(step)
            optimiser.step()
    second = Muon([{"params": [halves], "orthogonal": True}], lr=0.2)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for kernel, optimiser in ((whole, one), (halves, second)):
        kernel.grad = gradients(2)
        optimiser.step()
    assert torch.equal(whole, halves)
