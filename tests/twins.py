"""Two networks side by side: the same weights in both, and the same numbers out of both."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

RELATIVE = 1e-9


def enliven(model: nn.Module, images: Tensor) -> nn.Module:
    """Draws γ and β, and takes the running statistics from a batch; else many mistakes would not show."""
    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, std=0.1)
        norm.momentum = 1.0
    with torch.no_grad():
        model.train()(images)
    for norm in norms:
        norm.momentum = 0.1
    return model


def assert_same_bits_in_evaluation(ours: nn.Module, theirs: nn.Module, images: Tensor) -> None:
    with torch.no_grad():
        found, expected = ours.eval()(images), theirs.eval()(images)
    assert found.dtype == torch.float32
    assert torch.equal(found, expected)
    assert (expected[0] - expected[1]).norm() > 0.01 * expected[0].norm(), "logits that tell images apart"


def assert_same_gradients_in_training(
    ours: nn.Module, theirs: nn.Module, images: Tensor, our_name: Callable[[str], str]
) -> None:
    """Loss, every gradient and every running average agree in float64."""
    labels = torch.arange(len(images))
    losses = [_loss_backward(model.double().train(), images.double(), labels) for model in (ours, theirs)]
    torch.testing.assert_close(losses[0], losses[1], rtol=RELATIVE, atol=0)
    mine = {name: parameter.grad for name, parameter in ours.named_parameters()} | dict(ours.named_buffers())
    wanted = {name: parameter.grad for name, parameter in theirs.named_parameters()} | dict(theirs.named_buffers())
    assert mine.keys() == {our_name(name) for name in wanted}
    for name, expected in wanted.items():
        found = mine[our_name(name)]
        assert found is not None
        assert expected is not None
        assert (found - expected).double().norm() <= RELATIVE * expected.double().norm(), name


def _loss_backward(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    return loss.detach()
