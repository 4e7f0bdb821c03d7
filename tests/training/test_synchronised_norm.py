"""Batch norm over two processes computes what one process computes with all images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import norm_cases
import pytest
import torch
from norm_cases import CASES, Case, images_of, norm_of, pass_through, small_network, targets_of, whole_batch
from on_ranks import on_ranks
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.core.errors import ResnetlabError
from resnetlab.training.synchronised_norm import SynchronisedNorm, synchronise_norms


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return on_ranks(Path(norm_cases.__file__), "on_one_rank", tmp_path_factory.mktemp("norms"))


def close(ours: Tensor, theirs: Tensor, tolerance: float) -> bool:
    return bool((ours.double() - theirs.double()).norm() <= tolerance * theirs.double().norm().clamp(min=1e-30))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_two_ranks_compute_what_one_process_does(case: Case, ranks: list[dict[str, Any]]) -> None:
    name = next(name for name, known in CASES.items() if known is case)
    norm = norm_of(case)
    expected = pass_through(norm, images_of(case), targets_of(case))
    for key, theirs in expected.items():
        of_ranks = [found[name][key] for found in ranks]
        if key in ("output", "gradient of x"):
            assert of_ranks[0].dtype == case.kind
            assert close(torch.cat(of_ranks), theirs, case.tolerance), key
        elif key.startswith("gradient"):
            assert close(sum(of_ranks), theirs, case.tolerance), key
        else:  # a buffer: the same bits on both ranks
            assert torch.equal(*of_ranks), key
            assert close(of_ranks[0], theirs, case.tolerance), key
    if norm.running_mean is not None:
        evaluated = torch.cat([found[name]["evaluation"] for found in ranks])
        assert close(evaluated, norm.eval()(images_of(case)).detach(), case.tolerance)


def test_a_network_on_two_ranks_has_loss_gradients_and_statistics_of_the_whole_batch(
    ranks: list[dict[str, Any]],
) -> None:
    model, (images, labels) = small_network(), whole_batch()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    expected = {name: parameter.grad for name, parameter in model.named_parameters()} | dict(model.named_buffers())
    for found in ranks:
        assert close(found["network"]["loss"], loss.detach(), 1e-9)
        for name, tensor in expected.items():
            assert close(found["network"][name], tensor, 1e-9), name


def test_gradients_are_the_slopes_of_the_loss_of_both_ranks(ranks: list[dict[str, Any]]) -> None:
    for found in ranks:
        assert close(found["slopes"]["autograd"], found["slopes"]["measured"], 1e-8)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_alone_it_is_batch_norm_to_the_bit(case: Case) -> None:
    expected, found = (
        pass_through(norm, images_of(case), targets_of(case))
        for norm in (norm_of(case), synchronise_norms(norm_of(case)))
    )
    assert expected.keys() == found.keys()
    assert all(torch.equal(found[key], tensor) for key, tensor in expected.items())


def test_norms_stay_the_objects_they_were_with_names_tensors_and_hooks() -> None:
    model = small_network()
    before = [dict(model.named_modules()), dict(model.named_parameters()), dict(model.named_buffers())]
    calls: list[nn.Module] = []
    model.bn1.register_forward_hook(lambda module, inputs, output: calls.append(module))
    assert synchronise_norms(model) is model
    for then, now in zip(
        before, [model.named_modules(), model.named_parameters(), model.named_buffers()], strict=True
    ):
        assert {name: id(thing) for name, thing in then.items()} == {name: id(thing) for name, thing in now}
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(norms) == 7
    assert all(type(norm) is SynchronisedNorm for norm in norms)
    model(whole_batch()[0])
    assert calls == [model.bn1]


@pytest.mark.parametrize("norm", [nn.BatchNorm1d(3), nn.SyncBatchNorm(3), type("Own", (nn.BatchNorm2d,), {})(3)])
def test_a_batch_norm_of_another_class_is_refused_by_name(norm: nn.Module) -> None:
    model = nn.Sequential(nn.BatchNorm2d(3), norm)
    with pytest.raises(ResnetlabError, match=rf"^1 is a {type(norm).__name__}, which cannot be synchronised"):
        synchronise_norms(model)
    assert type(model[0]) is nn.BatchNorm2d
