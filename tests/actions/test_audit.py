"""An audit names the network that a model really is, whoever wrote it, and shows where it departs."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import timm
import torch
import torchvision
from rich.console import Console
from torch import nn

from resnetlab.actions.audit import Audit, audit
from resnetlab.actions.auditing.table import audit_table
from resnetlab.cli import main
from resnetlab.core.errors import ResnetlabError
from resnetlab.specs import ZOO
from resnetlab.weights import create_model


def found_in(audited: Audit) -> dict[str, str]:
    return {row.topic: row.found for row in audited.rows}


VERDICTS = {
    "torchvision:resnet18": ("resnet18", "ResNet-18, as He et al. 2015, Table 1"),
    "torchvision:resnet50": (
        "resnet50",
        "ResNet-50 v1.5 (torchvision), not the paper's v1: stride 2 stands in the 3×3",
    ),
    "torchvision:wide_resnet50_2": ("wide_resnet50_2", "Wide ResNet-50-2 v1.5 (torchvision), not the paper's v1"),
    "torchvision:resnext50_32x4d": ("resnext50_32x4d", "ResNeXt-50 32x4d, as Xie et al. 2017"),
    "torchvision:regnet_y_400mf": ("regnet_y_400mf", "regnet_y_400mf, as Radosavovic et al. 2020, Figure 16"),
    "torchvision:efficientnet_b0": ("efficientnet_b0", "efficientnet_b0, as Tan & Le 2019"),
    "torchvision:vgg11": ("vgg11", "VGG-11, without residual addition, as Simonyan"),
    "torchvision:densenet121": ("densenet121", "DenseNet-121, without residual addition, as Huang"),
    "timm:resnet50d": ("resnet50d", "ResNet-50-D, as He et al. 2018, Figure 2"),
    "timm:seresnet50": ("seresnet50", "SE-ResNet-50 v1.5"),
    "timm:resnetv2_50": ("resnetv2_50", "ResNet-50 v2, not quite as He et al. 2016"),
    "resnet50[stride_in=1x1]": ("resnet50[stride_in=1x1]", "ResNet-50 v1, as He et al. 2015, Table 1: stride 2"),
    "resnet20": ("resnet20", "ResNet-20, as He et al. 2015, §4.2"),
    "resnet20[shortcut=C]": ("resnet20[shortcut=C]", "ResNet-20 with shortcut=C, not as He et al. 2015"),
    "resnet34[num_classes=7]": ("resnet34[num_classes=7]", "ResNet-34 (7 classes), as He et al. 2015"),
    "plain20": ("plain20", "plain-20, without residual addition, as He et al. 2015"),
    "wrn16_4": ("wrn16_4", "WRN-16-4, as Zagoruyko"),
    "timm:convnext_tiny": (None, "a residual network of 18 additions, near no network of the zoo"),
    "timm:resnet26t": (None, "nearest to ResNet-50"),
}


LARGE = ("torchvision:wide_resnet50_2",)


@pytest.mark.parametrize(
    "reference", [pytest.param(one, marks=[pytest.mark.full] if one in LARGE else []) for one in VERDICTS]
)
def test_the_verdict_names_the_network(reference: str) -> None:
    computes, verdict = VERDICTS[reference]
    audited = audit(reference)
    assert audited.computes == computes
    assert verdict in audited.verdict
    assert audited.mistakes == () or reference == "resnet20[shortcut=C]"


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.full) for name in ZOO])
def test_every_row_of_the_zoo_is_recognised_by_its_computation(name: str) -> None:
    assert (
        audit(create_model(name, device="meta"), input_size=(3, ZOO[name].input_size, ZOO[name].input_size)).computes
        == name
    )


def test_the_facts_of_resnet50_are_those_of_its_paper() -> None:
    audited = audit("torchvision:resnet50")
    facts = found_in(audited)
    assert facts["stem"] == "7×7, 64, stride 2; 3×3 max pool, stride 2"
    assert (facts["blocks"], facts["channels"]) == ("3, 4, 6, 3", "256, 512, 1024, 2048")
    assert facts["block"] == "bottleneck, expansion 4"
    assert facts["version"].startswith("v1.5")
    assert facts["stride"] == "first of stages 2, 3, 4, in the 3×3"
    assert facts["shortcut"].startswith("B")
    assert facts["norm"] == "batch norm, ε 1e-05, momentum 0.1"
    assert facts["biases"] == "0 of 53 convolutions, 1 of 1 others"
    assert facts["depth"] == "50"
    weights = torchvision.models.ResNet50_Weights.IMAGENET1K_V1.meta
    assert facts["parameters"] == f"{weights['num_params']:,}"
    assert float(facts["multiply-adds"].replace(",", "")) == pytest.approx(weights["_ops"] * 1e9, rel=1e-3)
    assert "3,857,973,248 as v1" in audited.paper
    assert all(row.is_same for row in audited.rows)
    assert [(stage.place, stage.blocks, stage.stride) for stage in audited.stages] == [
        ("layer1.0", 3, ""),
        *((f"layer{stage}.0", blocks, "2 in the 3×3") for stage, blocks in ((2, 4), (3, 6), (4, 3))),
    ]


@pytest.mark.parametrize(
    ("fields", "letter"), [({"shortcut": name}, name) for name in ("A", "B", "C", "D")], ids=lambda value: str(value)
)
def test_shortcut_options_are_told_apart(fields: dict[str, str], letter: str) -> None:
    assert found_in(audit(create_model("resnet20", **fields)))["shortcut"].startswith(f"{letter}:")


def test_zero_gammas_are_counted_in_the_numbers() -> None:
    assert found_in(audit(timm.create_model("resnet18")))["zero-γ"] == "8 of 8"
    assert found_in(audit(timm.create_model("resnet18", zero_init_last=False)))["zero-γ"] == "none of 8"
    model = torchvision.models.resnet18()
    nn.init.zeros_(model.layer3[1].bn2.weight)
    assert found_in(audit(model))["zero-γ"] == "1 of 8"


def test_the_verdict_is_on_the_model_whatever_it_is_compared_with() -> None:
    for reference in ("timm:resnet26t", "resnet18"):
        assert audit(reference, against="torchvision:resnet34").verdict == audit(reference).verdict


def test_a_depth_that_its_paper_counts_otherwise_is_told_so_and_is_no_difference() -> None:
    assert found_in(audit("wrn16_4"))["depth"] == "14; the paper counts 16"
    assert audit("wrn16_4", against=create_model("wrn16_4")).differences == ()


def test_an_attribute_of_ours_on_a_users_network_means_nothing() -> None:
    model = torchvision.models.resnet18()
    model.spec = {"widths": 64}
    assert audit(model).computes == "resnet18"


NETWORKS = """
from torch import nn
from torchvision.models.resnet import BasicBlock, ResNet

def make():
    return ResNet(BasicBlock, [2, 2, 2, 2])

def small():
    net = ResNet(BasicBlock, [2, 2, 2, 2], num_classes=10)
    net.conv1, net.maxpool = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity()
    return net
"""


MANNERS = {
    "half precision": lambda model: model.half(),
    "channels last": lambda model: model.to(memory_format=torch.channels_last),
    "wrapped": nn.DataParallel,
    "through fx": torch.fx.symbolic_trace,
    "synchronised": nn.SyncBatchNorm.convert_sync_batchnorm,
}


@pytest.mark.parametrize("manner", MANNERS)
def test_a_network_in_another_dress_is_the_same(manner: str) -> None:
    assert audit(MANNERS[manner](torchvision.models.resnet18())).computes == "resnet18"


def test_other_norms_are_told_and_are_not_the_rows() -> None:
    audited = audit(torchvision.models.resnet18(norm_layer=lambda width: nn.GroupNorm(8, width)))
    assert found_in(audited)["norm"] == "group norm, ε 1e-05"
    assert (audited.computes, audited.nearest) == (None, "resnet18")


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder with two networks of their own."""
    (tmp_path / "net.py").write_text(NETWORKS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_network_of_a_user_is_recognised_without_a_name(written: Path) -> None:
    assert audit("net.py:make").computes == "resnet18"
    audited = audit("net.py:small")
    assert (audited.computes, audited.input_size) == ("resnet18_cifar", (3, 32, 32))
    assert [finding.name for finding in audited.findings] == ["CIFAR stem"]


@pytest.mark.parametrize(
    ("model", "size"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 10)), (3, 32, 32)),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(2 * 26 * 26, 10)), (1, 28, 28)),
        (nn.Sequential(nn.Conv2d(1, 2, 3, stride=2), nn.AdaptiveAvgPool2d(1), nn.Flatten()), (1, 224, 224)),
    ],
)
def test_the_size_of_the_image_is_found(model: nn.Module, size: tuple[int, ...]) -> None:
    assert audit(model).input_size == size


def test_a_size_that_cannot_be_found_is_asked_for() -> None:
    with pytest.raises(ResnetlabError, match="--input-size"):
        audit(nn.Sequential(nn.Conv2d(7, 8, 3), nn.Flatten()))
    assert audit(nn.Sequential(nn.Conv2d(7, 8, 3), nn.Flatten()), input_size=(7, 9, 9)).residual_additions == 0


REFERENCES = (
    "torchvision:resnet50",
    "timm:vit_tiny_patch16_224",
    "vgg16",
    "timm:resnet26t",
    "resnet20[shortcut=gated]",
)


@pytest.mark.parametrize("reference", REFERENCES)
def test_the_table_fits_a_hundred_columns(reference: str) -> None:
    console = Console(width=160)
    audited = audit(reference)
    with console.capture() as said:
        console.print(audit_table(audited))
    text = said.get()
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 100
    assert all(row.topic in text for row in audited.rows)
    assert ("no residual addition was found" in text) == (reference == "vgg16")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("audit resnet20", 0),
        ("audit resnet20 --against resnet20", 0),
        ("audit resnet20 --against resnet32", 1),
        ("audit resnet20[shortcut=B]", 0),
    ],
)
def test_only_a_difference_asked_for_is_a_no(line: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*line.split(), "--json"]) == code
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == {field.name for field in dataclasses.fields(Audit)}


def test_the_model_is_left_as_it_was() -> None:
    model = torchvision.models.resnet18().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    audit(model)
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_what_a_file_of_weights_does_not_tell_is_said_to_be_assumed(tmp_path: Path) -> None:
    torch.save(torchvision.models.resnet50().state_dict(), tmp_path / "net.pth")
    found = audit(str(tmp_path / "net.pth"))
    assert any("stands in the 3×3 (v1.5)" in said for said in found.assumptions)
    console = Console(width=120, record=True)
    console.print(audit_table(found))
    assert "assumed, for the file does not tell: a block's stride" in console.export_text()
    assert audit("resnet50").assumptions == ()
