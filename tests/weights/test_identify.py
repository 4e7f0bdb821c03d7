"""A state dict tells which network it is, in whatever names, and what it cannot tell is named."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from cifar_repositories import LinearHead, NumberedStages, WideResNet
from torch import nn

from resnetlab import create_model
from resnetlab.core.errors import WeightsError
from resnetlab.nn import build
from resnetlab.specs import ZOO
from resnetlab.weights import identify, load_checkpoint, load_weights
from twins import enliven

State = dict[str, Any]
WITHOUT_SKIPS = {name for name in ZOO if name.startswith("plain")}


@pytest.mark.parametrize("name", [name for name in ZOO if name not in WITHOUT_SKIPS and "1202" not in name])
def test_every_network_of_the_zoo_is_known_by_its_tensors(name: str) -> None:
    assert identify(build(ZOO[name], "meta").state_dict()).spec == ZOO[name]


@pytest.mark.parametrize("name", ["plain20", "plain18"])
def test_a_plain_net_looks_like_option_a_and_that_is_said(name: str) -> None:
    found = identify(build(ZOO[name], "meta").state_dict())
    assert found.spec.shortcut == ZOO["resnet20"].shortcut
    assert any("a plain net without them looks the same" in one for one in found.assumptions)


CHANGED = {
    "resnet20": {"shortcut": "B"},
    "resnet32": {"shortcut": "C", "num_classes": 100},
    "resnet44": {"width": 8},
    "resnet18": {"in_channels": 1, "num_classes": 7},
    "resnet34": {"depths": "2/3/4/5"},
    "resnet50": {"squeeze": "0.25"},
    "resnet50d": {"depths": "1/1/1/1"},
    "resnet56": {"norm": "none", "skip_init": "true"},
    "preact_resnet110": {"shortcut": "C"},
    "resnext50_32x4d": {"num_classes": 5},
    "vgg16": {"norm": "batch", "num_classes": 10, "hidden": "64"},
    "densenet121": {"growth": "12", "depths": "3/4"},
    "efficientnet_b0": {"num_classes": 5},
}


@pytest.mark.parametrize("name", CHANGED)
def test_changed_fields_are_found(name: str) -> None:
    spec = ZOO[name].with_fields(**CHANGED[name])
    found = identify(build(spec, "meta").state_dict()).spec
    assert found.but(name="", expect=spec.expect) == spec.but(name="", expect=spec.expect)


REPOSITORIES: dict[str, tuple[Callable[[], nn.Module], str, tuple[float, ...]]] = {
    "kuangliu/pytorch-cifar": (
        lambda: LinearHead((8, 16, 32, 64), projects=True),
        "resnet18_cifar[width=8]",
        (0.4914, 0.4822, 0.4465),
    ),
    "akamaster/pytorch_resnet_cifar10": (
        lambda: LinearHead((16, 32, 64), projects=False),
        "resnet20[depths=2/2/2]",
        (0.485, 0.456, 0.406),
    ),
    "weiaicunzai/pytorch-cifar100": (
        NumberedStages,
        "resnet18_cifar[num_classes=100,width=8]",
        (0.50708, 0.48655, 0.44092),
    ),
    "xternalz/WideResNet-pytorch": (WideResNet, "wrn16_4[widths=32/64/128]", (125.3 / 255, 123 / 255, 113.9 / 255)),
}


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_networks_in_the_names_of_cifar_repositories_compute_here_what_they_do_there(
    repository: str, tmp_path: Path
) -> None:
    make, name, mean = REPOSITORIES[repository]
    torch.manual_seed(0)
    theirs, images = enliven(make(), torch.randn(8, 3, 32, 32)).eval(), torch.randn(4, 3, 32, 32)
    torch.save({"net": theirs.state_dict(), "acc": 90.0, "epoch": 199}, tmp_path / "ckpt.pth")
    ours = load_checkpoint(tmp_path / "ckpt.pth")
    assert ours.spec.name == name
    assert ours.card.preprocessing.mean == mean
    assert any(f"as in {repository}" in one for one in ours.card.assumptions)
    torch.testing.assert_close(ours(images), theirs(images), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("depth", [32, 44, 56, 110])
def test_the_published_nets_deeper_siblings_load_the_same_way(depth: int, tmp_path: Path) -> None:
    """As their authors' script would have written them."""
    ours = create_model(f"resnet{depth}").eval()
    theirs = {f"module.{key.replace('fc.', 'linear.')}": tensor for key, tensor in ours.state_dict().items()}
    torch.save({"state_dict": theirs, "best_prec1": 93.0}, tmp_path / "net.th", _use_new_zipfile_serialization=False)
    found = load_checkpoint(tmp_path / "net.th")
    assert found.spec.name == f"resnet{depth}"
    images = torch.randn(2, 3, 32, 32)
    assert torch.equal(found(images), ours(images))


def small(**fields: Any) -> nn.Module:
    return create_model("resnet20", **{"width": 4, "depths": "1/1/1", **fields})


def prefixed(prefix: str, state: State) -> State:
    return {prefix + key: value for key, value in state.items()}


WRAPPED: dict[str, Callable[[State], Any]] = {
    "nothing": lambda state: state,
    "state_dict": lambda state: {"state_dict": state, "epoch": 3},
    "model": lambda state: {"model": state, "optimizer": {"state": {}, "param_groups": []}},
    "model_state": lambda state: {"model_state": state, "cfg": "…"},
    "model_state_dict": lambda state: {"model_state_dict": state, "loss": 0.1},
    "net": lambda state: {"net": state, "acc": 91.0},
    "two wrappers": lambda state: {"model": {"state_dict": state}},
    "DataParallel": lambda state: prefixed("module.", state),
    "torch.compile": lambda state: prefixed("_orig_mod.", state),
    "both": lambda state: {"state_dict": prefixed("module._orig_mod.", state)},
    "Lightning": lambda state: {"state_dict": prefixed("model.", state), "pytorch-lightning_version": "2.0"},
    "AveragedModel": lambda state: {"n_averaged": torch.tensor(5), **prefixed("module.", state)},
}


@pytest.mark.parametrize("wrapper", WRAPPED)
def test_what_training_scripts_put_round_a_state_dict_is_taken_off(wrapper: str, tmp_path: Path) -> None:
    model = small()
    torch.save(WRAPPED[wrapper](model.state_dict()), tmp_path / "net.pth")
    found = load_checkpoint(tmp_path / "net.pth").state_dict()
    assert all(torch.equal(found[key], tensor) for key, tensor in model.state_dict().items())


@pytest.mark.parametrize("key", ["state_dict_ema", "model_ema", "ema"])
def test_an_average_of_the_weights_is_taken_where_it_is_asked_for(key: str, tmp_path: Path) -> None:
    weights, average = small(), small()
    torch.save({"state_dict": weights.state_dict(), key: average.state_dict()}, tmp_path / "net.pth")
    for asked, model in ((False, weights), (True, average)):
        found = load_checkpoint(tmp_path / "net.pth", ema=asked)
        assert torch.equal(found.fc.weight, model.fc.weight)
    torch.save({"state_dict": weights.state_dict()}, tmp_path / "net.pth")
    with pytest.raises(WeightsError, match="no moving average of weights in this checkpoint: it holds 'state_dict'"):
        load_checkpoint(tmp_path / "net.pth", ema=True)


def test_what_no_tensor_tells_is_named() -> None:
    with torch.device("meta"):
        state = torchvision.models.resnet50().state_dict()
    said = " ".join(identify(state).assumptions)
    for words in ("stride 2, with max-pooling", "stands in the 3×3 (v1.5)", "activation is relu", "mean (0.485"):
        assert words in said
    assert "no blur and no other pooling against aliasing" in said


@pytest.mark.parametrize("name", ["resnet18", "regnet_x_400mf", "vgg11_bn", "densenet121", "efficientnet_b0"])
def test_of_every_family_what_its_layers_are_taken_to_do_is_named(name: str) -> None:
    state = torchvision.models.get_model(name).state_dict()
    assert "batch norms, if any, have ε = 1e-5, and images are padded alike" in identify(state).assumptions[0]


UNKNOWN = {
    "names of nobody": ({"encoder.weight": torch.zeros(2)}, "of no known layout: encoder.weight"),
    "no tensors": ({"state_dict": {"a": 1}}, "no state dict in this checkpoint"),
    "no dict": ([1, 2], "no state dict in this checkpoint: it holds a list"),
    "a backbone without head": (
        {key: value for key, value in small().state_dict().items() if not key.startswith("fc")},
        "of no known layout",
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_no_network_of_a_known_layout_is_refused(name: str) -> None:
    state, reason = UNKNOWN[name]
    with pytest.raises(WeightsError, match=re.escape(reason)):
        identify(state)


def without(state: State, *keys: str) -> State:
    return {key: value for key, value in state.items() if key not in keys}


MISFITS: dict[str, tuple[Callable[[State], State], str]] = {
    "a missing bias": (lambda s: without(s, "fc.bias"), "missing: fc.bias"),
    "a missing norm": (lambda s: without(s, "layer2.0.bn2.weight"), "missing: layer2.0.bn2.weight"),
    "missing statistics": (lambda s: without(s, "bn1.running_mean"), "missing: bn1.running_mean"),
    "several missing": (lambda s: without(s, "bn1.bias", "fc.bias"), "missing: bn1.bias, fc.bias"),
    "an extra tensor": (lambda s: s | {"extra.weight": torch.zeros(2)}, "unexpected: extra.weight"),
    "a convolution's bias": (lambda s: s | {"conv1.bias": torch.zeros(4)}, "unexpected: conv1.bias"),
    "an extra block's tensor": (
        lambda s: s | {"layer1.1.conv1.weight": torch.zeros(4, 4, 3, 3)},
        "unexpected: layer1.1.conv1.weight",
    ),
    "a projection without its norm": (
        lambda s: s | {"layer2.0.downsample.0.weight": torch.zeros(8, 4, 1, 1)},
        "unexpected: layer2.0.downsample.0.weight",
    ),
    "a wider norm": (
        lambda s: s | {"layer1.0.bn1.weight": torch.zeros(5)},
        "of another shape: layer1.0.bn1.weight (5, here 4)",
    ),
    "a larger kernel": (
        lambda s: s | {"layer3.0.conv2.weight": torch.zeros(16, 16, 5, 5)},
        "layer3.0.conv2.weight (16×16×5×5, here 16×16×3×3)",
    ),
    "a head of other features": (
        lambda s: s | {"fc.weight": torch.zeros(10, 17)},
        "of another shape: fc.weight (10×17, here 10×16)",
    ),
    "a number for a vector": (
        lambda s: s | {"fc.bias": torch.tensor(1.0)},
        "of another shape: fc.bias (a number, here 10)",
    ),
    "a list for a tensor": (lambda s: s | {"fc.bias": [0.0] * 10}, "of another shape: fc.bias (list, here 10)"),
    "everything at once": (
        lambda s: without(s, "fc.bias") | {"a.b": torch.zeros(1), "bn1.bias": torch.zeros(9)},
        "missing: fc.bias; unexpected: a.b; of another shape: bn1.bias (9, here 4)",
    ),
    "no final norm, as in some pre-activation nets": (
        lambda _: without(small(order="pre").state_dict(), *(f"norm.{key}" for key in NORM)),
        "missing: norm.weight, norm.bias, norm.running_mean, norm.running_var",
    ),
}
NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


@pytest.mark.parametrize("name", MISFITS)
def test_weights_that_do_not_fit_are_listed_in_full_and_a_network_stays_as_it_was(name: str, tmp_path: Path) -> None:
    spoil, listed = MISFITS[name]
    state = spoil(dict(small().state_dict()))
    torch.save(state, tmp_path / "net.pth")
    order = "pre" if "pre-activation" in name else "post"
    model = small(order=order)
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    with pytest.raises(WeightsError, match=r"do not fit .*, and nothing was loaded\n"):
        load_checkpoint(tmp_path / "net.pth")
    with pytest.raises(WeightsError, match=r"do not fit .*, and nothing was loaded\n") as refusal:
        load_weights(model, tmp_path / "net.pth")
    assert listed in str(refusal.value)
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())


def test_there_are_fifteen_misfits() -> None:
    assert len(MISFITS) >= 15
