"""What is pushed to a hub comes back bit for bit, and networks of others are read; all on this machine."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
import torch
from hub_user import LOAD, PUSH, RESOLVE, HubUser, digest
from library_networks import lively
from local_hub import LocalHub, commit_of
from safetensors.torch import save as as_safetensors

from resnetlab.core.errors import CheckpointError, ResnetlabError
from resnetlab.specs import find_spec
from resnetlab.specs.preprocessing import IMAGENET
from resnetlab.weights import load_checkpoint, push_to_hub
from resnetlab.weights.hub_page import write_model_card
from resnetlab.weights.huggingface import hf_config
from resnetlab.weights.image_processors import hf_preprocessor

pytestmark = pytest.mark.xdist_group("hub")  # one process uses it for all tests


def test_a_pushed_network_comes_back_bit_for_bit(hub: LocalHub, ask: HubUser, run_folder: Path) -> None:
    address = ask(PUSH.format(str(run_folder), "me/net", hub.token))
    assert address == f"{hub.address}/me/net"
    pushed = hub.repositories["me/net"]
    assert sorted(pushed) == ["README.md", "model.json", "model.safetensors", "plots/training_curve.png"]
    assert pushed["README.md"].decode() == write_model_card(run_folder, "me/net")
    assert pushed["model.safetensors"] == (run_folder / "model.safetensors").read_bytes()
    here = load_checkpoint(run_folder)
    loaded = ask(LOAD.format("me/net", None))
    assert loaded == [digest(here.state_dict()), here.spec.name, repr(here.card), False]


def test_only_what_a_network_needs_is_downloaded(hub: LocalHub, ask: HubUser, run_folder: Path) -> None:
    ask(PUSH.format(str(run_folder), "me/other", hub.token))
    hub.repositories["me/other"] |= {"modeling.py": b"raise SystemExit", "pytorch_model.bin": b"not wanted"}
    hub.asked.clear()
    ask(LOAD.format("me/other", None))
    got = {asked.rpartition("/")[2] for asked in hub.asked if asked.startswith("GET") and "/resolve/" in asked}
    assert got == {"model.safetensors", "model.json"}


@pytest.mark.parametrize("weights", ["model.safetensors", "pytorch_model.bin"])
def test_a_network_of_transformers_is_read(hub: LocalHub, ask: HubUser, weights: str) -> None:
    theirs, config = lively("transformers", "resnet18"), hf_config(find_spec("resnet18"))
    state, stream = theirs.state_dict(), io.BytesIO()
    torch.save(state, stream)
    hub.repositories["them/resnet"] = files = {
        weights: as_safetensors(state) if weights.endswith("safetensors") else stream.getvalue(),
        "config.json": json.dumps(config).encode(),
        "preprocessor_config.json": json.dumps(hf_preprocessor(IMAGENET)).encode(),
    }
    code = LOAD + "import torch\nanswer = [*answer[1:3], model(torch.ones(1, 3, 64, 64)).tolist()]"
    name, card, logits = ask(code.format("them/resnet", "main"))
    with torch.no_grad():
        expected = theirs(torch.ones(1, 3, 64, 64)).logits
    assert name == "resnet18"
    assert repr(IMAGENET) in card
    assert f"hf:them/resnet@{commit_of(files)[:12]}" in card
    assert torch.equal(torch.tensor(logits), expected)


def test_a_network_of_timm_is_given_with_its_card(hub: LocalHub, ask: HubUser) -> None:
    theirs = lively("timm", "resnet18")
    hub.repositories["timm/resnet18.a1_in1k"] = {"model.safetensors": as_safetensors(theirs.state_dict())}
    code = """
from hub_user import digest
from resnetlab.weights.libraries import timm_model
model, card = timm_model("resnet18", {0})
how = card.preprocessing
answer = [
    digest(model.state_dict()), type(model).__module__, model.training,
    [how.size, how.resize, how.interpolation, list(how.mean)], card.source, card.licence, card.classes[:2],
]
"""
    found = [
        digest(theirs.state_dict()),
        "timm.models.resnet",
        False,
        [224, 235, "bicubic", [0.485, 0.456, 0.406]],
        "timm resnet18.a1_in1k",
        "apache-2.0",
        ["tench", "goldfish"],
    ]
    assert ask(code.format("True")) == ask(code.format("'a1_in1k'")) == found
    kind, message = ask(code.format("'a1'"))
    assert kind == "UnknownNameError"
    assert message.startswith("unknown weights of timm's resnet18 'a1'; known: a1_in1k, a2_in1k")
    kind, message = ask(code.format("'a2_in1k'"))
    assert kind == "ResnetlabError"
    assert message.startswith("no timm/resnet18.a2_in1k on the hub")


def test_references_to_the_hub_are_resolved(hub: LocalHub, ask: HubUser, run_folder: Path) -> None:
    ask(PUSH.format(str(run_folder), "me/resolved", hub.token))
    here = digest(load_checkpoint(run_folder).state_dict())
    assert ask(RESOLVE.format("hf:me/resolved")) == [here, "trained for this test"]
    theirs = lively("timm", "resnet18")
    hub.repositories["timm/resnet18.a3_in1k"] = {"model.safetensors": as_safetensors(theirs.state_dict())}
    found = ask(RESOLVE.format("timm:resnet18@a3_in1k"))
    assert found == [digest(theirs.state_dict()), "timm resnet18.a3_in1k"]


def test_a_folder_without_a_network_or_with_a_damaged_one_is_not_pushed(run_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"does not hold model\.safetensors and model\.json"):
        push_to_hub(tmp_path / "nothing", "me/net")
    weights = run_folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\1\2\3")
    with pytest.raises(CheckpointError, match="checksum error"):
        push_to_hub(run_folder, "me/net")


def test_without_the_extra_its_name_is_said(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ResnetlabError, match=r"needs huggingface_hub.*\npip install 'resnetlab\[hub\]'"):
        push_to_hub(run_folder, "me/net")
