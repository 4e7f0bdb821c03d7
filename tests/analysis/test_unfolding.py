"""The paths through any module: their gradients add up, and are those of the blocks taken apart by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab import create_model
from resnetlab.analysis import ResidualStep, path_gradients
from resnetlab.analysis.junctions import find_junctions
from resnetlab.analysis.paths import UnfoldedNetwork, central_lengths
from resnetlab.analysis.unfolding import UnfoldedModel


def targets_loss(logits: Tensor) -> Tensor:
    return F.cross_entropy(logits, torch.arange(len(logits)))


@pytest.mark.parametrize("training", [False, True])
def test_the_gradient_at_the_image_is_the_sum_over_all_paths(training: bool) -> None:
    torch.manual_seed(0)
    model = torchvision.models.ResNet(torchvision.models.resnet.Bottleneck, [1, 1, 1, 1], num_classes=5).double()
    model.train(training)
    images = torch.randn(3, 3, 32, 32, dtype=torch.float64, requires_grad=True)
    junctions = find_junctions(model, (3, 32, 32))
    unfolded = UnfoldedModel(model, junctions, images, targets_loss)
    paths = [unfolded.gradient(path) for path in itertools.product((False, True), repeat=4)]
    (whole,) = torch.autograd.grad(targets_loss(model(images)), images)
    torch.testing.assert_close(sum(paths), whole)
    torch.testing.assert_close(unfolded.gradient([None] * 4), whole)


def test_a_path_is_that_of_the_blocks_taken_apart() -> None:
    torch.manual_seed(0)
    model: Any = create_model("resnet20", 10, width=2, depths=(2, 2, 2)).double().eval()
    images = torch.randn(2, 3, 32, 32, dtype=torch.float64, requires_grad=True)
    unfolded = UnfoldedModel(model, find_junctions(model, (3, 32, 32)), images, targets_loss)
    first = model.maxpool(model.relu(model.bn1(model.conv1(images))))
    steps = [ResidualStep(block.branch, block.shortcut, block.after) for block in model.blocks]
    head = UnfoldedNetwork(steps, first, lambda y: targets_loss(model.fc(model.avgpool(y).flatten(1))))
    path = (True, False, False, True, False, False)
    (by_hand,) = torch.autograd.grad(first, images, head.gradient(path))
    assert by_hand.norm() > 0
    torch.testing.assert_close(unfolded.gradient(path), by_hand)


def test_a_sampled_length_has_the_norm_of_its_paths(
    model: nn.Module, images: Tensor, fingerprint: Callable[[nn.Module], object]
) -> None:
    before = fingerprint(model.train())
    junctions = find_junctions(model, (3, 8, 8))

    def loss(logits: Tensor) -> Tensor:
        return logits.square().sum()

    rows = path_gradients(model, junctions, images, loss, paths_per_length=4)
    assert fingerprint(model) == before
    unfolded = UnfoldedModel(model, junctions, images, loss)
    for row, path in ((rows[0], (False, False)), (rows[2], (True, True))):
        assert row.norm == pytest.approx(unfolded.gradient(path).norm().item(), rel=1e-4)
    assert sum(row.share_of_gradient for row in rows) == pytest.approx(1)


def test_the_central_lengths_leave_a_twentieth_on_either_side() -> None:
    assert central_lengths([0.04, 0.02, 0.5, 0.4, 0.03, 0.01]) == (1, 3)
