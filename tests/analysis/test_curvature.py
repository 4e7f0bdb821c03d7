"""Lanczos finds the eigenvalues of the Hessian that is written out in full, and of one that is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from resnetlab.analysis.curvature import HessianProducts, measure_curvature
from resnetlab.analysis.scoring import Examples
from resnetlab.core.errors import ResnetlabError


def small_network() -> nn.Sequential:
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Tanh(), nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(12, 4)
    )
    layers.double().eval()
    return layers


@pytest.fixture
def examples() -> Examples:
    torch.manual_seed(1)
    return Examples(torch.randn(12, 1, 6, 6, dtype=torch.float64), torch.randint(4, (12,)), batch_size=5)


def dense_hessian(model: nn.Module, examples: Examples) -> Tensor:
    """All second derivatives, by PyTorch's own `hessian` of the loss as a function of one long vector."""
    named = dict(model.named_parameters())
    shapes = [parameter.shape for parameter in named.values()]
    flat = torch.cat([parameter.detach().flatten() for parameter in named.values()])

    def loss(vector: Tensor) -> Tensor:
        parts = vector.split([shape.numel() for shape in shapes])
        given = {name: part.view(shape) for name, part, shape in zip(named, parts, shapes, strict=True)}
        return F.cross_entropy(functional_call(model, given, (examples.images,)), examples.labels)

    return torch.autograd.functional.hessian(loss, flat)


def test_lanczos_finds_the_eigenvalues_of_the_dense_hessian(examples: Examples) -> None:
    model = small_network()
    dense = np.linalg.eigvalsh(dense_hessian(model, examples).numpy())
    found = measure_curvature(model, examples, count=3, tolerance=1e-8)
    assert list(found.eigenvalues) == pytest.approx(dense[:-4:-1].tolist(), rel=1e-6)
    assert max(found.residuals) < 1e-6 * dense[-1]
    assert (found.parameters, found.batchnorm) == (len(dense), "running")


def test_a_product_is_that_of_the_dense_hessian_also_in_float32(examples: Examples) -> None:
    model = small_network()
    vector = np.random.default_rng(0).standard_normal(sum(p.numel() for p in model.parameters()))
    expected = dense_hessian(model, examples).numpy() @ vector
    np.testing.assert_allclose(HessianProducts(model, examples)(vector), expected, rtol=1e-7, atol=1e-10)
    single = Examples(examples.images.float(), examples.labels, batch_size=5)
    np.testing.assert_allclose(HessianProducts(model.float(), single)(vector), expected, rtol=1e-3, atol=1e-4)


def test_with_the_batchs_statistics_the_hessian_is_another(examples: Examples) -> None:
    model = small_network()
    whole = Examples(examples.images, examples.labels, batch_size=12)
    vector = np.ones(sum(p.numel() for p in model.parameters()))
    ours = HessianProducts(model, whole, "batch")(vector)
    plain = nn.Sequential(*model)
    plain[1] = nn.BatchNorm2d(2, track_running_stats=False).double()
    plain[1].load_state_dict(model[1].state_dict(), strict=False)
    np.testing.assert_allclose(ours, dense_hessian(plain, whole).numpy() @ vector, rtol=1e-7, atol=1e-10)
    assert not np.allclose(ours, HessianProducts(model, whole)(vector))


def test_frozen_parameters_are_not_among_its_rows(examples: Examples) -> None:
    model = small_network()
    model[0].requires_grad_(False)
    assert measure_curvature(model, examples, count=1).parameters == sum(
        parameter.numel() for parameter in model.parameters() if parameter.requires_grad
    )


def test_attention_has_a_second_derivative() -> None:
    torch.manual_seed(0)

    class Attending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.proj = nn.Linear(4, 12)

        def forward(self, x: Tensor) -> Tensor:
            q, k, v = self.proj(x)[:, None].chunk(3, dim=-1)
            return F.scaled_dot_product_attention(q, k, v)[:, 0].mean(dim=1)

    found = measure_curvature(Attending(), Examples(torch.randn(6, 3, 4), torch.arange(6) % 4), count=1)
    assert abs(found.eigenvalues[0]) > 0


def test_the_model_stays_as_it_was(
    model: nn.Module, images: Tensor, fingerprint: Callable[[nn.Module], object]
) -> None:
    before = fingerprint(model.train())
    measure_curvature(model, Examples(images, torch.arange(16) % 5), count=1)
    assert fingerprint(model) == before


def test_what_has_no_hessian_is_refused(examples: Examples) -> None:
    with pytest.raises(ResnetlabError, match="no parameter of this model learns"):
        measure_curvature(small_network().requires_grad_(False), examples)
    with pytest.raises(ResnetlabError, match="count is 0"):
        measure_curvature(small_network(), examples, count=0)
