"""A download ends with the right file in its place or with an error that says what to do, whatever the server does."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import local_server as servers
import pytest
import torch
from local_server import LocalServer

from resnetlab.core.errors import DownloadError, OutputError, ResnetlabError
from resnetlab.weights import partial_file
from resnetlab.weights.download import Patience, checkpoints_folder, fetch

CONTENT = bytes(range(256)) * 4000  # 1 MB
SHA = hashlib.sha256(CONTENT).hexdigest()
HURRY = Patience(silence=0.3, attempts=3, pause=0.01)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with servers.local_server() as running:
        yield running


def left_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if file.suffix != ".lock"}


GOOD_IN_THE_END: dict[str, tuple[tuple[servers.Behaviour, ...], list[str | None]]] = {
    "at once": ((), [None]),
    "after a break": ((servers.cut_after(1000),), [None, "bytes=1000-"]),
    "after two breaks": ((servers.cut_after(1000), servers.cut_after(500)), [None, "bytes=1000-", "bytes=1500-"]),
    "after silence": ((servers.silent_after(1000),), [None, "bytes=1000-"]),
    "after silence from the start": ((servers.silent_after(0),), [None, None]),
    "without ranges": ((servers.cut_after(1000), servers.without_ranges), [None, "bytes=1000-"]),
    "after an error of the server": ((servers.answering(500),), [None, None]),
    "after too many requests": ((servers.answering(429, Retry_After="0"),), [None, None]),
}


@pytest.mark.parametrize("when", GOOD_IN_THE_END)
def test_the_file_comes_whole(server: LocalServer, tmp_path: Path, when: str) -> None:
    behaviours, ranges = GOOD_IN_THE_END[when]
    url = server.serve("/net.pth", CONTENT, *behaviours)
    file = fetch(url, SHA, tmp_path, patience=HURRY)
    assert file == tmp_path / "net.pth"
    assert file.read_bytes() == CONTENT
    assert server.asked["/net.pth"] == ranges
    assert left_in(tmp_path) == {"net.pth"}


FAILS: dict[str, tuple[tuple[servers.Behaviour, ...], str, int]] = {
    "not found": ((servers.answering(404),), "answers 404", 1),
    "forbidden": ((servers.answering(403),), "answers 403", 1),
    "out of order": ((servers.answering(500),) * 3, "answers 500", 3),
    "too busy": ((servers.answering(429),) * 3, "answers 429", 3),
    "sent elsewhere": ((servers.answering(302, Location="http://example.org/net.pth"),), "sends on to", 1),
    "sent to a file": ((servers.answering(302, Location="file:///etc/passwd"),), "not allowed", 1),
}


@pytest.mark.parametrize("why", FAILS)
def test_a_failure_names_address_place_and_hash(server: LocalServer, tmp_path: Path, why: str) -> None:
    behaviours, reason, requests = FAILS[why]
    url = server.serve("/net.pth", CONTENT, *behaviours)
    with pytest.raises(DownloadError, match=reason) as failure:
        fetch(url, SHA[:8], tmp_path, patience=HURRY)
    first, second, third = str(failure.value).splitlines()
    assert url in first
    assert str(tmp_path / "net.pth") in second
    assert third.endswith(f"begin with {SHA[:8]}")
    assert len(server.asked["/net.pth"]) == requests
    assert left_in(tmp_path) == set()


def test_without_a_network_nothing_is_waited_for(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/net.pth"
        with pytest.raises(DownloadError, match="refused") as failure:
            fetch(url, SHA, tmp_path, patience=Patience(pause=1000.0))
    assert f"by hand at {tmp_path / 'net.pth'}\nits SHA-256 must be {SHA}" in str(failure.value)


def test_what_came_is_kept_for_the_next_call(server: LocalServer, tmp_path: Path) -> None:
    url = server.serve("/net.pth", CONTENT, servers.silent_after(70_000))
    with pytest.raises(DownloadError, match="silent; 70000 bytes are kept"):
        fetch(url, SHA, tmp_path, patience=Patience(silence=0.3, attempts=1))
    assert not (tmp_path / "net.pth").exists()
    fetch(url, SHA, tmp_path, patience=HURRY)
    assert server.asked["/net.pth"] == [None, "bytes=70000-"]


@pytest.mark.parametrize("behaviour", [servers.honest, servers.blind_to_versions, servers.without_ranges])
def test_two_versions_of_a_file_are_never_glued_together(
    server: LocalServer, tmp_path: Path, behaviour: servers.Behaviour
) -> None:
    url = server.serve("/net.pth", b"old" * 1000, servers.cut_after(1500))
    with pytest.raises(DownloadError, match="1500 of 3000"):
        fetch(url, SHA, tmp_path, patience=Patience(attempts=1))
    server.serve("/net.pth", CONTENT, behaviour)
    assert fetch(url, SHA, tmp_path, patience=HURRY).read_bytes() == CONTENT


def test_a_beginning_of_unknown_version_is_taken_up_and_dropped_if_the_hash_is_wrong(
    server: LocalServer, tmp_path: Path
) -> None:
    for beginning, requests in ((CONTENT[:1000], ["bytes=1000-"]), (b"x" * 1000, ["bytes=1000-", None])):
        url = server.serve("/net.pth", CONTENT)
        server.asked.clear()
        (tmp_path / "net.pth.part").write_bytes(beginning)
        fetch(url, SHA, tmp_path, patience=HURRY).unlink()
        assert server.asked["/net.pth"] == requests


@pytest.mark.parametrize("extra", [b"", b"more than there is"])
def test_a_part_as_long_as_the_file_or_longer_ends_well(server: LocalServer, tmp_path: Path, extra: bytes) -> None:
    url = server.serve("/net.pth", CONTENT)
    (tmp_path / "net.pth.part").write_bytes(CONTENT + extra)
    assert fetch(url, SHA, tmp_path, patience=HURRY).read_bytes() == CONTENT


def test_a_file_with_another_hash_than_was_said_is_refused_and_not_kept(server: LocalServer, tmp_path: Path) -> None:
    other = hashlib.sha256(b"other").hexdigest()
    url = server.serve("/net.pth", CONTENT)
    with pytest.raises(DownloadError, match=f"has SHA-256 {SHA}") as failure:
        fetch(url, other, tmp_path, patience=HURRY)
    assert f"must be {other}" in str(failure.value)
    assert left_in(tmp_path) == set()
    assert len(server.asked["/net.pth"]) == 1


def test_a_file_that_is_there_is_not_asked_for(server: LocalServer, tmp_path: Path) -> None:
    url = server.serve("/net.pth", CONTENT)
    (tmp_path / "net.pth").write_bytes(CONTENT)
    assert fetch(url, SHA.upper()[:12], tmp_path) == tmp_path / "net.pth"
    assert server.asked == {}


def test_a_wrong_file_is_replaced_only_by_the_right_one_and_not_without_a_word(
    server: LocalServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "net.pth").write_bytes(b"wrong")
    url = server.serve("/net.pth", CONTENT, servers.answering(404))
    with pytest.raises(DownloadError, match="404"):
        fetch(url, SHA, tmp_path, patience=HURRY)
    assert (tmp_path / "net.pth").read_bytes() == b"wrong"
    fetch(url, SHA, tmp_path, patience=HURRY)
    assert (tmp_path / "net.pth").read_bytes() == CONTENT
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("another hash") == len(said.err.splitlines()) == 2  # a line a call, no bar


def test_on_a_terminal_the_bytes_are_counted_and_a_pause_is_explained(
    server: LocalServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    fetch(server.serve("/net.pth", CONTENT, servers.cut_after(1000)), SHA, tmp_path, patience=HURRY)
    said = capsys.readouterr().err
    assert "1.0/1.0 MB" in said
    assert "the connection broke after 1000 of 1024000 bytes; trying again in 0 s" in said


def test_files_land_in_the_cache_of_torch(
    server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    url = server.serve("/weights/a%20net.pth?download=1", CONTENT)
    assert fetch(url, SHA) == tmp_path / "hub" / "checkpoints" / "a net.pth"
    assert checkpoints_folder() == Path(torch.hub.get_dir()) / "checkpoints"


REFUSED = {
    "scheme": (("file:///etc/passwd", SHA), "its scheme is 'file'"),
    "plain http": (("http://example.org/net.pth", SHA), "its scheme is 'http'"),
    "no address": (("net.pth", SHA), "its scheme is 'missing'"),
    "no hash": (("https://example.org/net.pth", ""), "sha256='' is no hash"),
    "short hash": (("https://example.org/net.pth", "abc"), "sha256='abc' is no hash"),
    "no name": (("https://example.org/", SHA), "name='' is no name"),
    "a way out": (("https://example.org/..%2Fnet.pth", SHA), "is no name"),
    "the folder above": (("https://example.org/..", SHA), "name='..' is no name"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_asked_for_is_refused_before_anything_is_made(tmp_path: Path, what: str) -> None:
    (url, sha), message = REFUSED[what]
    with pytest.raises(ResnetlabError, match=re.escape(message)):
        fetch(url, sha, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_disk_too_small_is_refused_before_a_byte_is_written(
    server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.serve("/net.pth", CONTENT)
    monkeypatch.setattr(partial_file.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 5, 5))
    with pytest.raises(OutputError, match=r"1024000 bytes are missing, 5 are free\nfree some space"):
        fetch(url, SHA, tmp_path, patience=HURRY)
    assert left_in(tmp_path) == set()


def test_a_disk_that_fills_up_gets_its_space_back(
    server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    url = server.serve("/net.pth", CONTENT)
    (tmp_path / "net.pth").write_bytes(b"wrong")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OutputError, match="No space left on device"):
            fetch(url, SHA, tmp_path, patience=HURRY)
    assert left_in(tmp_path) == {"net.pth"}
    assert (tmp_path / "net.pth").read_bytes() == b"wrong"


def test_a_cache_that_cannot_be_written_is_said(server: LocalServer, tmp_path: Path) -> None:
    url = server.serve("/net.pth", CONTENT)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OutputError, match=r"cannot be written: .*\nname another folder with TORCH_HOME"):
        fetch(url, SHA, tmp_path / "file" / "cache")


def test_many_that_want_one_file_fetch_it_once(server: LocalServer, tmp_path: Path) -> None:
    url = server.serve("/net.pth", CONTENT)
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(fetch(url, SHA, tmp_path).read_bytes())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [CONTENT] * 8
    assert server.asked["/net.pth"] == [None]


def test_a_killed_process_leaves_its_part_and_no_lock(server: LocalServer, tmp_path: Path) -> None:
    url = server.serve("/net.pth", CONTENT, servers.silent_after(70_000))
    code = (
        "import pathlib, sys; from resnetlab.weights.download import fetch;"
        "fetch(sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, url, SHA, str(tmp_path)], stderr=subprocess.PIPE)
    part, deadline = tmp_path / "net.pth.part", time.monotonic() + 60
    while not (part.exists() and part.stat().st_size == 70_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    _, said = process.communicate()
    assert said.decode().splitlines() == [f"downloading {url} to {tmp_path / 'net.pth'}"]
    assert fetch(url, SHA, tmp_path, patience=HURRY).read_bytes() == CONTENT
    assert server.asked["/net.pth"] == [None, "bytes=70000-"]


@pytest.mark.parametrize("cut", [1, 500_000])
def test_a_file_of_torch_with_its_hash_in_its_name_is_read_after_a_break(
    server: LocalServer, tmp_path: Path, cut: int
) -> None:
    state = {"fc.weight": torch.randn(1000, 200), "fc.bias": torch.randn(1000)}
    torch.save(state, tmp_path / "net.pth")
    content = (tmp_path / "net.pth").read_bytes()
    sha = hashlib.sha256(content).hexdigest()[:8]
    url = server.serve(f"/net-{sha}.pth", content, servers.cut_after(cut))
    loaded = torch.load(fetch(url, sha, tmp_path, patience=HURRY), weights_only=True)
    assert all(torch.equal(loaded[name], tensor) for name, tensor in state.items())
