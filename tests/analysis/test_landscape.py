"""A landscape is the loss at the weights it says, its directions have the filters' norms, and nothing moves."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.analysis.landscape import (
    BatchnormMode,
    LandscapeSettings,
    filter_normalised_direction,
    measure_landscape,
)
from resnetlab.analysis.scoring import Examples
from resnetlab.core.errors import ResnetlabError


@pytest.fixture
def examples(images: Tensor) -> Examples:
    return Examples(images, torch.arange(len(images)) % 5, batch_size=7)


def loss_at(model: nn.Module, moves: list[tuple[float, int]], examples: Examples, *, training: bool = False) -> float:
    """The loss after these steps along the directions of these seeds, written as simply as can be."""
    twin = copy.deepcopy(model).train(training)
    for parameter, *changes in zip(
        twin.parameters(), *(filter_normalised_direction(model, seed) for _, seed in moves), strict=True
    ):
        parameter.data += sum(step * change for (step, _), change in zip(moves, changes, strict=True))
    parts = zip(examples.batches(), examples.labels.tensor_split(len(examples.batches())), strict=True)
    losses = [F.cross_entropy(twin(batch), labels, reduction="sum").item() for batch, labels in parts]
    return sum(losses) / len(examples)


def test_every_filter_of_a_direction_has_the_norm_of_the_networks_own(model: nn.Module) -> None:
    for parameter, step in zip(model.parameters(), filter_normalised_direction(model, 3), strict=True):
        if parameter.dim() == 1:
            assert not step.any()
            continue
        torch.testing.assert_close(step.flatten(1).norm(dim=1), parameter.detach().flatten(1).norm(dim=1))
    assert not torch.equal(filter_normalised_direction(model, 0)[0], filter_normalised_direction(model, 1)[0])


@pytest.mark.parametrize("batchnorm", ["running", "batch"])
def test_each_point_of_a_plane_is_the_loss_there(
    model: nn.Module, examples: Examples, batchnorm: BatchnormMode
) -> None:
    settings = LandscapeSettings(points=3, extent=0.5, batchnorm=batchnorm, seed=1)
    found = measure_landscape(model, examples, settings)
    assert found.steps == (-0.5, 0.0, 0.5)
    for row, along_second in zip(found.losses, found.steps, strict=True):
        for loss, along_first in zip(row, found.steps, strict=True):
            moves = [(along_first, 2), (along_second, 3)]
            assert loss == pytest.approx(loss_at(model, moves, examples, training=batchnorm == "batch"), rel=1e-4)
    assert found.centre == pytest.approx(found.losses[1][1], rel=1e-5)
    assert (found.images, found.batchnorm, found.dtype, found.rounding) == (16, batchnorm, "float32", 0.0)


def test_a_line_is_the_middle_of_its_plane(model: nn.Module, examples: Examples) -> None:
    line = measure_landscape(model, examples, LandscapeSettings(points=5, directions=1))
    (row,) = line.losses
    assert row[0] == pytest.approx(loss_at(model, [(-1.0, 0)], examples), rel=1e-4)
    assert row[2] == pytest.approx(line.centre, rel=1e-5)


def test_bfloat16_tells_how_far_it_rounds(model: nn.Module, examples: Examples) -> None:
    exact = measure_landscape(model, examples, LandscapeSettings(points=2))
    rounded = measure_landscape(model, examples, LandscapeSettings(points=2, dtype=torch.bfloat16))
    assert rounded.dtype == "bfloat16"
    assert 0 < rounded.rounding < 0.05
    assert rounded.losses[0][0] == pytest.approx(exact.losses[0][0], rel=0.1)
    assert rounded.losses[0][0] != exact.losses[0][0]


def test_the_model_stays_as_it_was(
    model: nn.Module, examples: Examples, fingerprint: Callable[[nn.Module], object]
) -> None:
    before = fingerprint(model.train())
    measure_landscape(model, examples, LandscapeSettings(points=2, batchnorm="batch"))
    assert fingerprint(model) == before


def test_what_is_not_finite_is_none_in_json(model: nn.Module, examples: Examples) -> None:
    found = measure_landscape(model, examples, LandscapeSettings(points=2, extent=1e30, directions=1))
    assert math.isinf(found.losses[0][0])
    assert found.as_json()["losses"] == [[None, None]]


def test_what_cannot_be_drawn_is_refused(examples: Examples) -> None:
    with pytest.raises(ResnetlabError, match="1 points"):
        LandscapeSettings(points=1)
    frozen = nn.Sequential(nn.Flatten(), nn.Linear(192, 5)).requires_grad_(False)
    with pytest.raises(ResnetlabError, match="no parameter of two or more dimensions learns"):
        measure_landscape(frozen, examples)
