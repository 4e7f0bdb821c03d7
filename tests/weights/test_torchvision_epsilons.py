"""No network of torchvision with another ε in its batch norms is taken for one of ours: tensors do not tell it."""

from __future__ import annotations

import pytest
import torch
import torchvision
from torch import nn
from torchvision.models import efficientnet_b5, list_models

from resnetlab.core.errors import WeightsError
from resnetlab.nn import build
from resnetlab.weights import from_torchvision, identify, load_weights
from resnetlab.weights.layouts import LAYOUTS

FAMILIES = ("resne", "wide_resnet", "densenet", "efficientnet_b", "vgg")  # RegNets need numbers to be built
NAMES = [name for name in list_models(module=torchvision.models) if name.startswith(FAMILIES)]
STRANGERS = {"efficientnet_b5", "efficientnet_b6", "efficientnet_b7"}
WITHOUT_OURS = {"densenet161"}  # its stem has another width than our DenseNets'


def on_meta(name: str) -> nn.Module:
    with torch.device("meta"):
        return torchvision.models.get_model(name)


def epsilons(model: nn.Module) -> set[float]:
    return {layer.eps for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)}


@pytest.mark.parametrize("name", sorted({*NAMES} - STRANGERS - WITHOUT_OURS))
def test_what_is_taken_for_ours_has_our_epsilon(name: str) -> None:
    theirs = on_meta(name)
    assert epsilons(theirs) == epsilons(build(identify(theirs.state_dict()).spec, "meta"))


@pytest.mark.parametrize("name", sorted(STRANGERS))
def test_what_has_another_is_refused_by_name(name: str) -> None:
    theirs = on_meta(name)
    assert epsilons(theirs) == {1e-3}
    with pytest.raises(WeightsError, match=f"torchvision's {name}, where batch norms have ε = 1e-3") as refusal:
        identify(theirs.state_dict())
    assert f"torchvision:{name}@DEFAULT" in str(refusal.value)


def test_such_weights_fill_their_own_network_and_no_other_with_the_same_tensors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = efficientnet_b5(num_classes=2).state_dict()
    own = efficientnet_b5(num_classes=2)
    load_weights(own, state)
    assert all(torch.equal(tensor, state[key]) for key, tensor in own.state_dict().items())
    with monkeypatch.context() as patched:
        patched.setattr(type(LAYOUTS[0]), "refuse_strangers", lambda *_: None)
        ours = build(identify(state).spec)
    before = {key: tensor.clone() for key, tensor in ours.state_dict().items()}
    for fill in (load_weights, from_torchvision):
        with pytest.raises(WeightsError, match=r"torchvision's efficientnet_b5, where batch norms have ε = 1e-3"):
            fill(ours, state)
    assert all(torch.equal(tensor, before[key]) for key, tensor in ours.state_dict().items())
