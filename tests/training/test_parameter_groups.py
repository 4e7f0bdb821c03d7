"""Each parameter has the rate of its stage and the decay of its kind, and frozen ones stay out."""

from __future__ import annotations

import pytest
import timm
import torch
from timm.models import group_parameters
from timm.optim import param_groups_weight_decay
from torch import nn

from resnetlab import create_model
from resnetlab.training.config import Optimiser
from resnetlab.training.freezing import freeze, unfreeze
from resnetlab.training.optimisers import build_optimiser
from resnetlab.training.parameter_groups import parameter_groups


def small() -> nn.Module:
    return create_model("resnet20", width=4)


def told_of_each(model: nn.Module, groups: list[dict[str, object]]) -> dict[str, tuple[float, float]]:
    """Rate and decay by the parameter's name; each stands in one group."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found = [(names[id(p)], (group["lr"], group["weight_decay"])) for group in groups for p in group["params"]]
    assert len(found) == len(dict(found))
    return dict(found)


def test_one_rate_and_one_decay_make_one_group() -> None:
    (group,) = parameter_groups(small(), Optimiser(lr=0.3, weight_decay=5e-4))
    assert (group["lr"], group["weight_decay"], group["name"]) == (0.3, 5e-4, "all")
    assert len(group["params"]) == len(list(small().parameters()))


def test_norms_and_biases_do_not_decay_where_it_is_so_asked() -> None:
    model = small()
    told = told_of_each(model, parameter_groups(model, Optimiser(weight_decay=1e-2, decay_norms=False)))
    for name, (_, decay) in told.items():
        assert decay == (1e-2 if name.endswith("weight") and "bn" not in name else 0), name
    assert told.keys() == dict(model.named_parameters()).keys()


def test_rates_fall_stage_by_stage_from_the_head_to_the_stem() -> None:
    model = small()
    told = told_of_each(model, parameter_groups(model, Optimiser(lr=0.1, stage_decay=0.5)))
    by_hand = {"fc": 0.1, "layer3": 0.05, "layer2": 0.025, "layer1": 0.0125, "bn1": 0.00625, "conv1": 0.00625}
    for name, (rate, _) in told.items():
        assert rate == pytest.approx(by_hand[name.partition(".")[0]]), name


def test_stages_and_decays_are_those_that_timm_finds_in_its_own_network() -> None:
    model = timm.create_model("resnet18")
    how = Optimiser(lr=1.0, weight_decay=0.05, decay_norms=False, stage_decay=0.7)
    ours = told_of_each(model, parameter_groups(model, how))
    stage_of = group_parameters(model, model.group_matcher(coarse=True), reverse=True)
    decay_of = {
        id(p): group["weight_decay"] for group in param_groups_weight_decay(model, 0.05) for p in group["params"]
    }
    head = max(stage_of.values())
    for name, parameter in model.named_parameters():
        assert ours[name] == (pytest.approx(0.7 ** (head - stage_of[name])), decay_of[id(parameter)]), name


def test_frozen_parameters_stay_out_unless_they_are_to_be_trained_later() -> None:
    model = small()
    freeze(model, ["stem", "layer1"])
    how = Optimiser(stage_decay=0.5, decay_norms=False)
    trainable = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert told_of_each(model, parameter_groups(model, how)).keys() == trainable
    assert (
        told_of_each(model, parameter_groups(model, how, frozen_too=True)).keys()
        == dict(model.named_parameters()).keys()
    )


@pytest.mark.parametrize(
    "how",
    [Optimiser(), Optimiser(nesterov=True, stage_decay=0.5), Optimiser("adamw"), Optimiser("lamb", decay_norms=False)],
)
def test_an_optimiser_passes_over_what_is_frozen_and_takes_it_up_later(how: Optimiser) -> None:
    model = small()
    freeze(model, ["stem", "layer1"])
    optimiser = build_optimiser(model, how, frozen_too=True)

    def step() -> None:
        optimiser.zero_grad()
        model(torch.randn(2, 3, 32, 32)).sum().backward()
        optimiser.step()

    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    step()
    moved = {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}
    assert moved == {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    unfreeze(model, ["stem", "layer1"])
    step()
    assert not any(torch.equal(parameter, before[name]) for name, parameter in model.named_parameters())
