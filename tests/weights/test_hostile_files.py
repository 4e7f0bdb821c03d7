"""No file of weights runs code, whichever way it comes in; and what is refused says why."""

from __future__ import annotations

import contextlib
import hashlib
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path

import local_server as servers
import pytest
import torch
from hostile_files import payloads

from resnetlab import create_model
from resnetlab.actions.networks.references import resolve_model
from resnetlab.core.errors import CheckpointError, ResnetlabError
from resnetlab.weights import libraries, load_checkpoint, load_weights, published
from resnetlab.weights.download import fetch
from resnetlab.weights.reading import read_checkpoint

NAMES = list(payloads(Path("marker")))
WAYS: dict[str, Callable[[Path], object]] = {
    "read_checkpoint": read_checkpoint,
    "load_checkpoint": load_checkpoint,
    "load_weights": lambda file: load_weights(create_model("resnet20", width=2), file),
    "a folder": lambda file: load_checkpoint(file.parent),
    "a reference": lambda file: resolve_model(str(file)),
    "a reference to a row with weights": lambda file: resolve_model(f"resnet20@{file}"),
}


@pytest.mark.parametrize("suffix", [".pth", ".bin", ".safetensors"])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_run(name: str, suffix: str, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    marker.with_suffix(".py").write_text(f"open({str(marker)!r}, 'w')\n")
    folder = tmp_path / "weights"
    folder.mkdir()
    stem = "pytorch_model" if suffix == ".bin" else "model"
    file = folder / f"{stem}{suffix}"
    file.write_bytes(payloads(marker)[name])
    for way in WAYS.values():
        with pytest.raises(ResnetlabError):
            way(file)
        assert not marker.exists()


PUBLISHED: dict[str, Callable[[], object]] = {
    "create_model": lambda: create_model("resnet18", pretrained=True),
    "create_model, with a fresh head": lambda: create_model("resnet18", 10, pretrained="IMAGENET1K_V1"),
    "create_model of a network for CIFAR": lambda: create_model("resnet20", pretrained=True),
    "a reference to a row": lambda: resolve_model("resnet18@DEFAULT"),
    "a reference to torchvision": lambda: resolve_model("torchvision:resnet18@DEFAULT"),
}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_run_from_where_published_weights_are(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds such a place can also give the file a name with its right hash."""
    marker = tmp_path / "ran"
    marker.with_suffix(".py").write_text(f"open({str(marker)!r}, 'w')\n")
    content = payloads(marker)[name]
    digits = hashlib.sha256(content).hexdigest()[:8]
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with servers.local_server() as server:
        url = server.serve(f"/resnet-{digits}.pth", content)
        for room in (published, libraries):
            monkeypatch.setattr(room, "fetch", lambda _, sha256: fetch(url, digits, tmp_path))
        for way in PUBLISHED.values():
            with pytest.raises(CheckpointError, match=f"resnet-{digits}.pth is "):
                way()
            assert not marker.exists()


@pytest.mark.parametrize("name", ["torch.save of an object that calls", "the same in the legacy format", "eval"])
def test_a_refusal_names_what_it_asked_to_run_and_the_way_out(name: str, tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    file.write_bytes(payloads(tmp_path / "ran")[name])
    with pytest.raises(CheckpointError) as refusal:
        read_checkpoint(file)
    said = str(refusal.value)
    assert str(file) in said
    assert any(function in said for function in ("open", "eval"))
    assert "save its state_dict with safetensors" in said
    assert len(said.splitlines()) <= 3


CARELESS: dict[str, Callable[[Path], object]] = {
    "a pickle that calls os.system": lambda file: pickle.loads(file.read_bytes()),
    "in the archive of torch.save": lambda file: torch.load(file, weights_only=False),
    "weights beside a call": lambda file: torch.load(file, weights_only=False),
    "torch's loader called from inside": lambda file: torch.load(file, weights_only=False),
}


@pytest.mark.parametrize("name", CARELESS)
def test_read_carelessly_they_would_run(name: str, tmp_path: Path) -> None:
    """So that the tests above can fail."""
    marker, file = tmp_path / "ran", tmp_path / "weights.pth"
    file.write_bytes(payloads(marker)[name])
    with contextlib.suppress(Exception), warnings.catch_warnings(action="ignore"):
        CARELESS[name](file)
    assert marker.exists()


def test_there_are_twenty_and_more() -> None:
    assert len(NAMES) >= 20
