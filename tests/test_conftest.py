"""The tests' own ground: what conftest promises is really on."""

from __future__ import annotations

import os

import jaxtyping
import pytest
import torch

from resnetlab.analysis.tracing import layers_of
from resnetlab.nn import BasicBlock
from resnetlab.nn.functional import cross_entropy

WRONG_SHAPES = {
    "an image without its batch": (torch.zeros(4, 8, 8),),
    "a batch of numbers that are no floats": (torch.zeros(1, 4, 8, 8, dtype=torch.int64),),
}


@pytest.mark.parametrize("given", WRONG_SHAPES.values(), ids=WRONG_SHAPES)
def test_a_wrong_shape_is_refused_at_the_signature(given: tuple[torch.Tensor, ...]) -> None:
    with pytest.raises(jaxtyping.TypeCheckError):
        BasicBlock(4, 4)(*given)


def test_dimensions_of_one_name_must_agree() -> None:
    with pytest.raises(jaxtyping.TypeCheckError):
        cross_entropy(torch.zeros(3, 10), torch.zeros(2, dtype=torch.int64))


def test_the_analysis_is_checked_too() -> None:
    with pytest.raises(jaxtyping.TypeCheckError):
        layers_of("no module")  # type: ignore[arg-type]


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="only under pytest -n")
def test_a_worker_computes_on_one_thread() -> None:
    assert torch.get_num_threads() == 1
