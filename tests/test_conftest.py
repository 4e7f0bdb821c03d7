"""The tests' own ground: what conftest promises is really on."""

from __future__ import annotations

import os
from pathlib import Path

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
        layers_of("no module")  # type: ignore[arg-type]  # on purpose


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="only under pytest -n")
def test_a_worker_computes_on_one_thread() -> None:
    assert torch.get_num_threads() == 1


@pytest.fixture(scope="module")
def made_once() -> list[int]:
    return [1]


def test_what_is_made_once_for_a_file_is_made_in_one_worker(
    made_once: list[int], request: pytest.FixtureRequest
) -> None:
    (file,) = request.node.get_closest_marker("xdist_group").args
    assert Path(file).name == Path(__file__).name


@pytest.mark.parametrize("name", ["a", "b"], scope="module")
def test_and_so_are_tests_that_are_put_in_order_by_what_they_take(name: str, request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("xdist_group")


def test_all_others_go_to_any_worker(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("xdist_group") is None


@pytest.mark.full
def test_a_long_sweep_runs_only_when_it_is_asked_for(request: pytest.FixtureRequest) -> None:
    assert request.config.getoption("--full") or os.environ.get("RESNETLAB_FULL")
