"""A hub that lies, breaks off, is gone or holds what would run code ends in an error that says what to do."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hostile_files import payloads
from hub_user import LOAD, PUSH, RESOLVE, HubUser, hub_user
from library_networks import lively
from local_hub import LocalHub, local_hub
from safetensors.torch import save as as_safetensors

pytestmark = pytest.mark.xdist_group("hub")  # one process uses it for all tests

TIMM = """
from resnetlab.weights.libraries import timm_model
timm_model("resnet18")
"""

HURRIED = """
from unittest import mock
from resnetlab.actions.networks.references import resolve_model
with mock.patch("time.sleep"), mock.patch("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", {1}):
    resolve_model({0!r})
"""


def flip(content: bytes) -> bytes:
    """One bit of the last byte, which is a weight's."""
    return content[:-1] + bytes([content[-1] ^ 1])


EVIL = {"hf:evil/net": "evil/net", "timm:resnet18@fb_ssl_yfcc100m_ft_in1k": "timm/resnet18.fb_ssl_yfcc100m_ft_in1k"}
LYING = {"hf:liar/net": "liar/net", "timm:resnet18@gluon_in1k": "timm/resnet18.gluon_in1k"}


@pytest.mark.parametrize("reference", LYING)
def test_a_file_that_is_not_the_one_the_hub_told_of_is_refused_again_and_again(
    hub: LocalHub, ask: HubUser, reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = as_safetensors(lively("timm", "resnet18").state_dict())
    hub.repositories[LYING[reference]] = {"model.safetensors": content}
    monkeypatch.setattr(hub, "spoil", flip)
    for _ in range(2):
        kind, message = ask(RESOLVE.format(reference))
        assert kind == "CheckpointError", message
        told, remedy = message.splitlines()
        assert "model.safetensors: checksum error: the hub says that its SHA-256 is " in told
        assert hashlib.sha256(content).hexdigest() in told
        assert hashlib.sha256(flip(content)).hexdigest() in told
    monkeypatch.undo()
    Path(remedy.removeprefix("remove ").removesuffix(" and fetch it again")).unlink()
    assert len(ask(RESOLVE.format(reference))[0]) == 64  # as the message says


@pytest.mark.parametrize("chunk", [10**3, 10**7], ids=["after the first piece", "before the first piece is whole"])
def test_a_server_that_always_breaks_off_is_given_up(
    hub: LocalHub, ask: HubUser, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client waits a second before each attempt, which is spared here, and resumes by whole pieces."""
    hub.repositories[name := f"broken/net{chunk}"] = {"model.safetensors": bytes(10_000)}
    monkeypatch.setattr(hub, "spoil", lambda content: content[:-100])
    hub.asked.clear()
    kind, message = ask(HURRIED.format(f"hf:{name}", chunk))
    assert kind == "DownloadError", message
    assert "where there is a network: hf download" in message
    assert len(message.splitlines()) <= 3
    assert 2 <= sum(asked.startswith("GET") and "/resolve/" in asked for asked in hub.asked) <= 6


def test_nothing_that_a_repository_holds_is_run(hub: LocalHub, ask: HubUser, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    for tried, content in payloads(marker).items():
        for reference, name in EVIL.items():
            hub.repositories[name] = {"pytorch_model.bin": content, "config.json": b"{}"}
            kind, message = ask(RESOLVE.format(reference))
            assert (kind, "pytorch_model.bin" in message) == ("CheckpointError", True), (reference, tried, message)
            assert not marker.exists(), (reference, tried)


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
        found, message = ask(code)
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
        assert ask(TIMM)[0] == "DownloadError"
        for code in (LOAD.format("me/unseen", None), PUSH.format(str(run_folder), "me/net", hub.token)):
            kind, message = ask(code)
            assert kind == "DownloadError", message
            assert "cannot be reached" in message
            assert len(message.splitlines()) <= 3
        assert "where there is a network: hf download me/unseen\nthen bring" in ask(LOAD.format("me/unseen", None))[1]
