"""What is pushed to a hub comes back bit for bit, with a page that tells what it is; all on this machine."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from hostile_files import payloads
from hub_user import HubUser, digest, hub_user
from library_networks import lively
from local_hub import LocalHub, commit_of, local_hub
from safetensors.torch import save as as_safetensors

from resnetlab import create_model
from resnetlab.core.errors import CheckpointError, ResnetlabError
from resnetlab.specs import find_spec
from resnetlab.specs.classes import CIFAR10
from resnetlab.specs.papers import HE_2015
from resnetlab.specs.preprocessing import IMAGENET
from resnetlab.weights import load_checkpoint, push_to_hub, save
from resnetlab.weights.hub_page import bibtex, write_model_card
from resnetlab.weights.huggingface import hf_config
from resnetlab.weights.image_processors import hf_preprocessor
from resnetlab.weights.layouts.cifar import AS_IMAGENET
from twins import enliven

LOAD = """
from resnetlab.weights import load_from_hub
from hub_user import digest
model = load_from_hub({0!r}, {1!r})
answer = [digest(model.state_dict()), model.spec.name, repr(model.card), model.training]
"""
TIMM = """
from resnetlab.weights.libraries import timm_model
timm_model("resnet18")
"""
RESOLVE = """
from resnetlab.actions.references import resolve_model
from hub_user import digest
found = resolve_model({0!r})
answer = [digest(found.module.state_dict()), found.card.source]
"""
PUSH = """
from resnetlab.weights import push_to_hub
answer = push_to_hub({0!r}, {1!r}, token={2!r})
"""


@pytest.fixture(scope="module")
def hub() -> Iterator[LocalHub]:
    with local_hub() as running:
        yield running


@pytest.fixture(scope="module")
def ask(hub: LocalHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubUser]:
    with hub_user(hub.address, tmp_path_factory.mktemp("hub")) as user:
        yield user


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """What a training run and an evaluation leave."""
    torch.manual_seed(0)
    model = enliven(create_model("resnet20", width=4, depths="1/1/1"), torch.randn(4, 3, 32, 32)).eval()
    save(
        model,
        tmp_path,
        classes=CIFAR10,
        preprocessing=AS_IMAGENET,
        source="trained for this test",
        licence="Apache-2.0",
    )
    scores = {"n": 10_000, "top1": 91.73, "top5": None, "loss": 0.31, "calibration_error": 4.5}
    told = {"schema": 1, "data": "cifar10", **scores, "confusion": [[1]]}
    (tmp_path / "eval.json").write_text(json.dumps(told), encoding="utf-8")
    (tmp_path / "summary.csv").write_text("epoch,loss,top1\n1,2.1,30.5\n2,1.5,47.25\n", encoding="utf-8")
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "training_curve.png").write_bytes(b"\x89PNG picture")
    return tmp_path


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
    name, card, logits = ask(code.format("them/resnet", "main"))  # type: ignore[misc]
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
    kind, message = ask(code.format("'a1'"))  # type: ignore[misc]
    assert kind == "UnknownNameError"
    assert message.startswith("unknown weights of timm's resnet18 'a1'; known: a1_in1k, a2_in1k")
    kind, message = ask(code.format("'a2_in1k'"))  # type: ignore[misc]
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


def flip(content: bytes) -> bytes:
    """One bit of the last byte, which is a weight's."""
    return content[:-1] + bytes([content[-1] ^ 1])


LYING = {"hf:liar/net": "liar/net", "timm:resnet18@gluon_in1k": "timm/resnet18.gluon_in1k"}


@pytest.mark.parametrize("reference", LYING)
def test_a_file_that_is_not_the_one_the_hub_told_of_is_refused_again_and_again(
    hub: LocalHub, ask: HubUser, reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = as_safetensors(lively("timm", "resnet18").state_dict())
    hub.repositories[LYING[reference]] = {"model.safetensors": content}
    monkeypatch.setattr(hub, "spoil", flip)
    for _ in range(2):
        kind, message = ask(RESOLVE.format(reference))  # type: ignore[misc]
        assert kind == "CheckpointError", message
        told, remedy = message.splitlines()
        assert "model.safetensors: checksum error: the hub says that its SHA-256 is " in told
        assert hashlib.sha256(content).hexdigest() in told
        assert hashlib.sha256(flip(content)).hexdigest() in told
    monkeypatch.undo()
    Path(remedy.removeprefix("remove ").removesuffix(" and fetch it again")).unlink()
    assert len(ask(RESOLVE.format(reference))[0]) == 64  # type: ignore[index]  # as the message says


def test_nothing_that_a_repository_holds_is_run(hub: LocalHub, ask: HubUser, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    for number, (tried, content) in enumerate(payloads(marker).items()):
        hub.repositories[name := f"evil/net{number}"] = {"pytorch_model.bin": content, "config.json": b"{}"}
        kind, message = ask(RESOLVE.format(f"hf:{name}"))  # type: ignore[misc]
        assert kind == "CheckpointError", (tried, message)
        assert not marker.exists(), tried


def test_what_cannot_be_had_is_said_with_the_remedy(hub: LocalHub, ask: HubUser, run_folder: Path) -> None:
    hub.repositories |= {"gated/net": {"model.safetensors": b""}, "me/empty": {"README.md": b"# nothing"}}
    refusals = {
        LOAD.format("me/nothing", None): ("ResnetlabError", "no me/nothing on the hub, or it is private"),
        LOAD.format("gated/net", None): ("ResnetlabError", "gated/net is gated\nask its owner for access at"),
        LOAD.format("me/empty", "v7"): ("ResnetlabError", "me/empty has no such revision"),
        LOAD.format("me/empty", None): ("CheckpointError", "me/empty on the hub has no weights\nlooked for:"),
        LOAD.format("a/b/c", None): ("ResnetlabError", "'a/b/c' names no repository of the hub\nwrite user/repo"),
        PUSH.format(str(run_folder), "me/net", "hf_wrong"): ("DownloadError", "the hub answers 403\ngive a token"),
    }
    for code, (kind, words) in refusals.items():
        found, message = ask(code)  # type: ignore[misc]
        assert found == kind, message
        assert words in message
        assert len(message.splitlines()) <= 3


def test_without_a_network_the_cache_serves_and_else_the_message_tells_what_to_do(
    run_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = tmp_path_factory.mktemp("cache")
    with local_hub() as hub, hub_user(hub.address, cache) as ask:
        ask(PUSH.format(str(run_folder), "me/net", hub.token))
        online = ask(LOAD.format("me/net", None))
        hub.shutdown()
        hub.server_close()
        assert ask(LOAD.format("me/net", None)) == online
        assert ask(TIMM)[0] == "DownloadError"  # type: ignore[index]
        for code in (LOAD.format("me/unseen", None), PUSH.format(str(run_folder), "me/net", hub.token)):
            kind, message = ask(code)  # type: ignore[misc]
            assert kind == "DownloadError", message
            assert "cannot be reached" in message
            assert len(message.splitlines()) <= 3
        assert "where there is a network: hf download me/unseen\nthen bring" in ask(LOAD.format("me/unseen", None))[1]  # type: ignore[index]


def front_matter(page: str) -> dict[str, object]:
    head = page.split("---\n")[1]
    told = yaml.safe_load(head)
    assert isinstance(told, dict)
    return told


def test_the_page_tells_what_the_run_folder_holds(run_folder: Path) -> None:
    page = write_model_card(run_folder, "me/net")
    head = front_matter(page)
    assert (head["library_name"], head["license"], head["pipeline_tag"]) == (
        "resnetlab",
        "apache-2.0",
        "image-classification",
    )
    (entry,) = head["model-index"]  # type: ignore[misc]
    (result,) = entry["results"]
    assert result["dataset"]["name"] == "cifar10"
    assert {metric["type"]: metric["value"] for metric in result["metrics"]} == {
        "accuracy": 91.73,
        "loss": 0.31,
        "calibration_error": 4.5,
    }
    parameters = sum(parameter.numel() for parameter in load_checkpoint(run_folder).parameters())
    for told in (
        "# resnet20[width=4,depths=1/1/1]",
        f"| parameters | {parameters:,} |",
        "## Measured on 10000 images of cifar10",
        "| top-1 accuracy, % | 91.73 |",
        "| top1 | 47.25 |",  # the last line of the training's table
        "![training curve](plots/training_curve.png)",
        'load_from_hub("me/net")',
        "airplane, automobile, bird",
        "std (0.229, 0.224, 0.225)",
        "Weights: trained for this test.",
        bibtex(HE_2015),
    ):
        assert told in page


def test_the_page_of_a_bare_network_claims_nothing(tmp_path: Path) -> None:
    save(create_model("resnet20"), tmp_path)
    page = write_model_card(tmp_path)
    assert not {"license", "metrics", "model-index"} & front_matter(page).keys()
    assert "as drawn: this network is untrained" in page
    assert "Measured" not in page
    assert "## Classes" not in page


def test_a_licence_that_the_hub_does_not_list_is_given_in_words(tmp_path: Path) -> None:
    save(create_model("resnet20"), tmp_path, licence="ask the author", source="somebody")
    head = front_matter(write_model_card(tmp_path))
    assert (head["license"], head["license_name"]) == ("other", "ask the author")


def test_the_entry_for_a_bibliography_is_the_papers() -> None:
    entry = bibtex(replace(HE_2015, key="key"))
    assert entry.startswith("@misc{key,\n")
    assert f"title = {{{{{HE_2015.title}}}}}" in entry
    assert f"url = {{{HE_2015.address}}}" in entry
    assert entry.count("{") == entry.count("}")


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
