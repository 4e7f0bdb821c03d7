"""Weights of other libraries come in and go out without losing a bit, and compute here what they compute there."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from library_networks import LIBRARIES, lively, logits_of
from safetensors.torch import save_file
from transformers import AutoModelForImageClassification

from resnetlab.core.errors import WeightsError
from resnetlab.nn import build
from resnetlab.specs import ZOO, find_spec
from resnetlab.specs.card import ModelCard
from resnetlab.specs.preprocessing import Preprocessing
from resnetlab.weights import load_checkpoint, load_weights, save, to_hf, to_timm, to_torchvision
from resnetlab.weights.huggingface import save_for_hf
from twins import enliven

WRITERS = {"torchvision": to_torchvision, "timm": to_timm, "transformers": to_hf}
FAMILIES = {
    "torchvision": "resnet(18|34|50|101|152) resnext(50|101).* wide.* vgg.* densenet121 efficientnet_b0 "
    "regnet_[xy]_400mf",
    "timm": "resnet(18|34|50|101|152) resnet(18|34|50)d seresnet50 resnext50.* wide.* densenet121 efficientnet_b0 "
    "regnet_[xy]_400mf vgg.* resnetv2_50",
    "transformers": "resnet(18|34|50|101|152) regnet_[xy]_400mf",
}
LARGE = re.compile("101|152|vgg|wide|resnet34$")
AS_OTHERS = {  # their names and parts are those of others that are always tried
    *("timm-resnet34d", "timm-resnet50d", "timm-resnext50_32x4d", "timm-regnet_x_400mf"),
    "transformers-regnet_x_400mf",
}
CONVOLUTIONAL_HEADS = re.compile("timm-(vgg|resnetv2)")  # there logits agree to rounding
SHARED = [
    (library, name)
    for library, patterns in FAMILIES.items()
    for name in ZOO
    if any(re.fullmatch(pattern, name) for pattern in patterns.split())
]
CASES = [
    pytest.param(
        library,
        name,
        id=f"{library}-{name}",
        marks=[pytest.mark.full] if LARGE.search(name) or f"{library}-{name}" in AS_OTHERS else [],
    )
    for library, name in SHARED
]


@pytest.mark.parametrize(("library", "name"), CASES)
def test_a_network_goes_in_and_out_bit_for_bit(library: str, name: str, tmp_path: Path) -> None:
    theirs, images = lively(library, name), torch.randn(2, 3, 64, 64)
    state, expected = theirs.state_dict(), logits_of(theirs, images)
    assert (expected[0] - expected[1]).norm() > 0.01 * expected[0].norm(), "logits that tell images apart"
    save_file(state, tmp_path / "theirs.safetensors")

    ours = load_checkpoint(tmp_path / "theirs.safetensors")
    assert ours.spec == find_spec(name)
    found = logits_of(ours, images)
    if CONVOLUTIONAL_HEADS.match(f"{library}-{name}"):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5 * expected.abs().max().item())
    else:
        assert torch.equal(found, expected)

    again = WRITERS[library](load_checkpoint(save(ours, tmp_path / "ours").parent))
    assert again.keys() == state.keys()
    assert all(torch.equal(again[key], state[key]) and again[key].shape == state[key].shape for key in state)
    LIBRARIES[library](name).load_state_dict(again, strict=True)


@pytest.mark.parametrize(("library", "other"), [("transformers", "torchvision"), ("torchvision", "timm")])
def test_weights_of_one_library_fill_a_network_of_another(library: str, other: str, tmp_path: Path) -> None:
    first, second = lively(library, "resnet18"), lively(other, "resnet18")
    save_file(first.state_dict(), tmp_path / "first.safetensors")
    load_weights(second, tmp_path / "first.safetensors")
    images = torch.randn(2, 3, 64, 64)
    assert torch.equal(logits_of(second, images), logits_of(first, images))


UNSHARED = {
    "resnet20": (to_torchvision, "max_pool=false"),
    "resnet50[stride_in=1x1]": (to_torchvision, "stride_in=1x1"),
    "resnet50[shortcut=A]": (to_timm, "shortcut=A"),
    "resnext50_32x4d": (to_hf, "groups=32"),
    "vgg11": (to_hf, "it has no vggs"),
    "seresnet50": (to_torchvision, "squeeze=0.0625"),
}


@pytest.mark.parametrize("reference", UNSHARED)
def test_what_a_library_computes_otherwise_is_not_written_for_it(reference: str) -> None:
    name, _, fields = reference.rstrip("]").partition("[")
    spec = find_spec(name).with_fields(**dict(pair.split("=") for pair in fields.split(",") if pair))
    write, reason = UNSHARED[reference]
    with pytest.raises(WeightsError, match=re.escape(reason)):
        write(build(spec, "meta"))


def test_transformers_tells_beside_the_tensors_where_the_stride_stands(tmp_path: Path) -> None:
    """Version 1 has the tensors of version 1.5."""
    spec = find_spec("resnet50").with_fields(stride_in="1x1", depths="1/1/1/1", num_classes=3)
    ours = enliven(build(spec), torch.randn(4, 3, 64, 64)).eval()
    ours.card = ModelCard(
        spec, ("ant", "bee", "cow"), Preprocessing(64, 72, (0.5,) * 3, (0.25,) * 3, "bicubic"), "here"
    )
    save_for_hf(ours, tmp_path)

    theirs, images = AutoModelForImageClassification.from_pretrained(tmp_path).eval(), torch.randn(2, 3, 64, 64)
    assert torch.equal(logits_of(theirs, images), logits_of(ours, images))
    assert theirs.config.id2label == {0: "ant", 1: "bee", 2: "cow"}

    back = load_checkpoint(tmp_path)
    assert torch.equal(logits_of(back, images), logits_of(ours, images))
    assert replace(back.spec, name=spec.name) == spec
    assert (back.card.classes, back.card.preprocessing) == (ours.card.classes, ours.card.preprocessing)
    assert not any("stride stands" in one or "normalised" in one for one in back.card.assumptions)
