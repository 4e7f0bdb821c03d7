"""Files from the net in PyTorch's cache: resumed where they broke off, checked by hash, put there whole."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import torch
from filelock import FileLock, Timeout
from rich.console import Console

from resnetlab.core.errors import DownloadError, OutputError, ResnetlabError
from resnetlab.core.files import write_atomically
from resnetlab.weights.partial_file import Part
from resnetlab.weights.reading import file_sha256
from resnetlab.weights.transfer import TransferError, refuse_address, transfer

HASH = re.compile(r"[0-9a-f]{8,64}")
LONGEST_PAUSE = 60.0  # seconds, whatever a server asks for


@dataclass(frozen=True)
class Patience:
    """How long a download is waited for.

    Args:
        silence: seconds without a byte after which an attempt is given up.
        attempts: in all.
        pause: seconds before the second attempt, doubled before each that follows; a server may ask for more.
    """

    silence: float = 30.0
    attempts: int = 5
    pause: float = 1.0


def fetch(
    url: str,
    sha256: str,
    folder: Path | None = None,
    name: str | None = None,
    *,
    patience: Patience = Patience(),
) -> Path:
    """The place of a file from the net in PyTorch's cache; downloaded only where it is not there with the right hash.

    A download that was stopped leaves `NAME.part`, and the next one goes on from there. Another file of that name is
    replaced once the right one has come whole. Of several processes that want the same file, one downloads it.

    Args:
        url: https, or http on this machine.
        sha256: the file's SHA-256, or its first 8 digits or more, as PyTorch writes them into names of files.
        folder: where it is kept; None: `torch.hub.get_dir()/checkpoints`, which TORCH_HOME moves.
        name: of the file there; None: the last part of the address.
        patience: how long it is waited for.

    Raises:
        DownloadError: no network, no answer, or another file than the hash says; what to do by hand is said.
        OutputError: the disk is full, or the folder cannot be written.
        ResnetlabError: the address, the hash or the name is none.
    """
    refuse_address(url)
    digits = sha256.lower()
    if not HASH.fullmatch(digits):
        raise ResnetlabError(f"sha256={sha256!r} is no hash\ngive 8 to 64 hexadecimal digits")
    target = (folder or checkpoints_folder()) / _file_name(name or unquote(urlsplit(url).path.rpartition("/")[2]))
    if _is_the_file(target, digits):
        return target
    with _alone(target):
        if not _is_the_file(target, digits):  # nor has another process brought it meanwhile
            _announce(url, target)
            part = Part(target)
            _download(url, digits, part, patience)
            part.forget_version()
            write_atomically(target, part.file.replace)
    return target


def checkpoints_folder() -> Path:
    """Where PyTorch, torchvision and resnetlab keep downloaded weights."""
    return Path(torch.hub.get_dir()) / "checkpoints"


def _file_name(name: str) -> str:
    if name in ("", ".", "..") or Path(name).name != name or "\0" in name or "\\" in name:
        raise ResnetlabError(f"name={name!r} is no name of a file\ngive one without folders")
    return name


def _is_the_file(target: Path, digits: str) -> bool:
    try:
        return target.is_file() and file_sha256(target).startswith(digits)
    except OSError as error:
        raise OutputError(f"{target} cannot be read: {error.strerror}\nlet it be read, or move it away") from error


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Only one process at a time is inside for a file; the system frees what a killed one held."""
    lock = FileLock(target.with_name(f"{target.name}.lock"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(Timeout):
            lock.acquire(timeout=0)
        if not lock.is_locked:
            _say(f"waiting for another process that downloads {target}")
            lock.acquire()
    except OSError as error:
        raise OutputError(
            f"{target} cannot be written: {error.strerror or error}\nname another folder with TORCH_HOME"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _announce(url: str, target: Path) -> None:
    """One line, also where nobody watches: a download is never a surprise."""
    replaced = " (the file there has another hash; it is replaced once the right one has come)"
    _say(f"downloading {url} to {target}{replaced if target.exists() else ''}")


def _say(line: str) -> None:
    Console(stderr=True, highlight=False).print(line, markup=False, soft_wrap=True)


def _download(url: str, digits: str, part: Part, patience: Patience) -> None:
    """Bring the whole file into its part.

    Raises:
        DownloadError: the attempts are used up, or another would be in vain.
    """
    for attempt in range(1, patience.attempts + 1):
        began_empty = not part.size
        try:
            transfer(url, part, patience.silence)
        except TransferError as failure:
            if attempt == patience.attempts or not failure.passing:
                raise _failed(url, digits, part, str(failure)) from failure
            pause = min(max(patience.pause * 2 ** (attempt - 1), failure.pause), LONGEST_PAUSE)
            if sys.stderr.isatty():
                _say(f"{failure}; trying again in {pause:.0f} s")
            time.sleep(pause)
            continue
        found = file_sha256(part.file)
        if found.startswith(digits):
            return
        part.discard()  # the file there is another, or what came before was the beginning of another
        if began_empty or attempt == patience.attempts:
            raise _failed(url, digits, part, f"the file there has SHA-256 {found}")


def _failed(url: str, digits: str, part: Part, reason: str) -> DownloadError:
    kept = f"; {part.size} bytes are kept, the next try goes on from them" if part.size else ""
    whole = "be" if len(digits) == 64 else "begin with"
    return DownloadError(
        f"{url} cannot be downloaded: {reason}{kept}\n"
        f"the file may be put by hand at {part.target}\n"
        f"its SHA-256 must {whole} {digits}"
    )
