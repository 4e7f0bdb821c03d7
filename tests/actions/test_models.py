"""What `models` and `models show` tell agrees with torchvision and with the networks themselves."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import pytest
import torchvision
from rich.console import Console

from resnetlab.actions.models import show_model, tabulate_models
from resnetlab.actions.networks.references import find_model
from resnetlab.actions.networks.tables import model_sheet, models_table
from resnetlab.core.errors import ResnetlabError, SpecError, UnknownNameError
from resnetlab.specs import list_models


def printed(thing: object, width: int = 80) -> str:
    console = Console(width=width)
    with console.capture() as said:
        console.print(thing, markup=False)
    return said.get()


def test_every_network_is_in_the_table_whole() -> None:
    text = printed(models_table(tabulate_models()))
    assert all(name in text for name in list_models())
    assert all(f"{row.params:,}" in text for row in tabulate_models())
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "vgg16_bn", "wide_resnet50_2"])
def test_published_accuracies_are_those_of_torchvision(name: str) -> None:
    (row,) = (row for row in tabulate_models(name) if row.name == name)
    weights = torchvision.models.get_model_weights(name)["IMAGENET1K_V1"]
    assert row.top1 == weights.meta["_metrics"]["ImageNet-1K"]["acc@1"]
    assert row.params == weights.meta["num_params"]


def without_torch(*words: str) -> str:
    """What the command prints, once it is certain that PyTorch was never imported for it."""
    code = f"import sys, resnetlab.cli as c; c.main({list(words)!r}); assert 'torch' not in sys.modules"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_the_table_needs_no_torch() -> None:
    table = without_torch("models")
    assert all(name in table for name in list_models())
    assert len(json.loads(without_torch("models", "--json"))) == len(list_models())


def test_a_sheet_counts_what_it_shows() -> None:
    sheet = show_model("resnet50")
    assert sheet.row.params == 25_557_032 == sum(stage.params for stage in sheet.stages)
    assert sheet.row.macs == 4_089_184_256 == sum(layer.macs for layer in sheet.layers)
    assert [layer.shape for layer in sheet.layers if layer.name == "layer4.2.conv3"] == [(2048, 7, 7)]
    json.dumps(dataclasses.asdict(sheet))


def test_changed_fields_are_counted_too() -> None:
    assert show_model("resnet20[shortcut=B]").row.params == 272_474  # He et al. 2015, option B
    assert show_model("resnet50[stride_in=1x1]").row.macs == 3_857_973_248  # the paper's 3.8 G


def test_a_sheet_prints_brackets_and_on_demand_every_layer() -> None:
    sheet = show_model("resnet50")
    assert "⎢ 3×3, 64  ⎥ × 3" in printed(model_sheet(sheet, with_layers=False))
    assert "layer4.2.conv3" not in printed(model_sheet(sheet, with_layers=False))
    assert "layer4.2.conv3" in printed(model_sheet(sheet, with_layers=True))


MISTAKES = {
    "rsnet50": (UnknownNameError, "did you mean resnet50"),
    "resnet50[": (ResnetlabError, "cannot be read\nwrite NAME"),
    "resnet20[shortcut]": (ResnetlabError, "cannot be read"),
    "resnet20[shortcut=Z]": (SpecError, "allowed: none, A, B"),
    "resnet20[shortcuts=A]": (UnknownNameError, "did you mean shortcut"),
    "resnet20[depths=-1/3/3]": (SpecError, "depths"),
    "regnet_x_400mf[group_width=7]": (SpecError, "a divisor of every width"),
    "resnet50[input_size=0]": (SpecError, "input_size"),
    "resnet50[num_classes=0]": (SpecError, "num_classes=0"),
}


@pytest.mark.parametrize(("reference", "error", "said"), [(at, *what) for at, what in MISTAKES.items()], ids=MISTAKES)
def test_an_impossible_reference_is_refused_with_a_remedy(reference: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error) as caught:
        find_model(reference)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3
