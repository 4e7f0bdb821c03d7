"""The logits are taken out of whatever a network gives, what is taken is said, and auxiliary heads are no fault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torchvision
from diagnosing import diagnose, small
from torch import Tensor, nn
from transformers.modeling_outputs import ImageClassifierOutput

from resnetlab.actions.diagnosing.outputs import LogitsTaken
from resnetlab.core.errors import ResnetlabError
from resnetlab.data import load_data

pytestmark = pytest.mark.usefixtures("no_drawings")


class Wrapped(nn.Module):
    """A classifier that gives more than logits, in training mode or always."""

    def __init__(self, give: Callable[[Tensor, Tensor], Any], always: bool = True) -> None:
        super().__init__()
        self.net, self.give, self.always = small(), give, always
        self.other = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Any:
        features = self.net[:-1](x)
        logits, other = self.net[-1](features), self.other(features)
        return self.give(logits, other) if self.training or self.always else logits


GIVEN: dict[str, tuple[Callable[[Tensor, Tensor], Any], str]] = {
    "dict": (lambda one, other: {"z": other, "logits": one}, "a dict; its logits are looked at"),
    "tuple": (lambda one, other: (one, other), "a tuple; its first matrix is looked at"),
    "list": (lambda one, other: [one[:, :, None], one, other], "a list; its first matrix is looked at"),
    "object": (lambda one, other: SimpleNamespace(z=other, logits=one), "a SimpleNamespace; its logits are looked at"),
    "transformers": (
        lambda one, other: ImageClassifierOutput(logits=one, hidden_states=(other,)),
        "an ImageClassifierOutput; its logits are looked at",
    ),
    "features first": (
        lambda one, other: (torch.cat([other, other], 1), one),
        "a tuple; its matrix of 10 columns, as many as the data has classes, is looked at",
    ),
}


@pytest.mark.parametrize(("give", "said"), GIVEN.values(), ids=GIVEN)
def test_logits_are_found_in_what_a_network_gives(
    give: Callable[[Tensor, Tensor], Any], said: str, tmp_path: Path
) -> None:
    model = Wrapped(give)
    found = diagnose(model, folder=tmp_path)
    assert [remark for remark in found.remarks if said in remark]
    alone = Wrapped(lambda one, other: one)
    alone.load_state_dict(model.state_dict())
    losses = [one.sections[-1].numbers["now"]["loss"] for one in (found, diagnose(alone, folder=tmp_path / "alone"))]
    assert losses[0] == losses[1]


def test_features_beside_logits_are_told_apart_by_the_labels_of_a_loader(tmp_path: Path) -> None:
    data = load_data("digits")
    model = Wrapped(lambda one, other: (torch.cat([other, other], 1), one))
    found = diagnose(model, [(data.test_images[:32], data.test_labels[:32])], folder=tmp_path)
    assert found.facts["classes"] == 10


def test_what_is_given_in_training_mode_alone_is_said_to_be(tmp_path: Path) -> None:
    found = diagnose(Wrapped(lambda one, other: (one, other), always=False), folder=tmp_path)
    said = "the network gives a tuple in training mode; its first matrix is looked at; another tensor is not"
    assert [one for one in found.remarks if "the network gives" in one] == [said]


def test_a_head_that_only_another_output_teaches_is_a_remark_and_no_error(tmp_path: Path) -> None:
    found = diagnose(Wrapped(lambda one, other: (one, other), always=False), folder=tmp_path / "a")
    places = [(one.severity, one.layer) for one in found.findings if one.rule == "auxiliary head"]
    assert places == [("info", "other")]
    assert [one for one in found.findings if one.rule == "no gradient"] == []
    unused = diagnose(Wrapped(lambda one, other: (one, other.detach())), folder=tmp_path / "b")
    assert [one.layer for one in unused.findings if one.rule == "no gradient"] == ["other"]


def test_torchvisions_googlenet_is_healthy_with_its_auxiliary_heads(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = torchvision.models.googlenet(num_classes=10, init_weights=False)
    found = diagnose(model, folder=tmp_path, images=16, batch_size=8)
    assert [one for one in found.findings if one.severity == "error"] == []
    assert [one.layer for one in found.findings if one.rule == "auxiliary head"] == ["aux1", "aux2"]
    said = "the network gives a GoogLeNetOutputs in training mode; its logits are looked at; 2 other tensors are not"
    assert said in found.remarks


@pytest.mark.full
def test_torchvisions_inception_is_enlarged_until_its_auxiliary_head_runs(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = torchvision.models.inception_v3(num_classes=10, init_weights=False)
    found = diagnose(model, folder=tmp_path, images=4, batch_size=4)
    assert [one for one in found.findings if one.severity == "error"] == []
    assert [one.layer for one in found.findings if one.rule == "auxiliary head"] == ["AuxLogits"]


def test_what_holds_no_logits_is_refused() -> None:
    model = nn.Conv2d(1, 4, 3)
    image = torch.zeros(2, 1, 8, 8)
    with LogitsTaken().on(model), pytest.raises(ResnetlabError, match="no classifier: it gives a tensor of shape"):
        model(image)
    assert not model._forward_hooks

    class Texts(nn.Module):
        def forward(self, x: Tensor) -> dict[str, str]:
            return {"logits": "none"}

    with LogitsTaken().on(texts := Texts()), pytest.raises(ResnetlabError, match="it gives a dict"):
        texts(image)
