"""One attempt at a download: the rest of a file over HTTP, added to what has come of it before."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.message import Message
from functools import partial
from http.client import HTTPException, HTTPResponse
from importlib import metadata
from typing import IO, Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from resnetlab.core.errors import ResnetlabError
from resnetlab.weights.partial_file import Part

BLOCK = 2**20  # bytes asked for at once; a read gives what is there
THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
VERSION = metadata.version("resnetlab")
LATER = (408, 425, 429)  # answers below 500 that another attempt may change
RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")


class TransferError(Exception):
    """Why an attempt ended early.

    Args:
        reason: in words.
        passing: another attempt may succeed.
        pause: seconds that the server asks to wait before it.
    """

    def __init__(self, reason: str, *, passing: bool = True, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.passing, self.pause = passing, pause


def refuse_address(url: str) -> None:
    """Pass where an address may be fetched from: https, or http on this machine.

    Raises:
        ResnetlabError: it may not.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in THIS_MACHINE):
        return
    raise ResnetlabError(f"{url} is not fetched: its scheme is {parts.scheme or 'missing'!r}\ngive an https address")


def transfer(url: str, part: Part, silence: float) -> None:
    """Bring what is missing of a file; from its beginning where the server has another version or gives no ranges.

    Args:
        url: its address.
        part: what has come before; grows with every block.
        silence: seconds without a byte after which the server is given up.

    Raises:
        TransferError: the attempt ended early; what came is kept, unless it can be of no use.
        OutputError: the disk is full, or the folder cannot be written.
    """
    with _as_transfer_errors(part), _open(url, part, silence) as answer:
        if answer is None:  # nothing was missing
            return
        total = _agree_on_start(answer, part)
        with part.written():
            part.refuse_full_disk(total)
            out = part.file.open("ab")
        with out, _progress(part, total) as advance:
            while block := answer.read1(BLOCK):
                with part.written():
                    out.write(block)
                    out.flush()
                advance(len(block))
            with part.written():
                os.fsync(out.fileno())
    if total is not None and part.size < total:
        raise TransferError(f"the connection broke after {part.size} of {total} bytes")


@contextlib.contextmanager
def _open(url: str, part: Part, silence: float) -> Iterator[HTTPResponse | None]:
    """The server's answer; None where it says that the part is already the whole."""
    request = urllib.request.Request(url, headers=_headers(part))
    opener = urllib.request.build_opener(_CarefulRedirects())
    try:
        answer = opener.open(request, timeout=silence)
    except urllib.error.HTTPError as refusal:
        with refusal:
            _, total = _content_range(refusal.headers)
            whole = refusal.code == 416 and total == part.size
            if refusal.code == 416 and not whole:
                part.discard()
                raise TransferError("the file there is shorter than what came of it before") from refusal
            if not whole:
                passing = refusal.code in LATER or refusal.code >= 500
                reason = f"the server answers {refusal.code} {refusal.reason}"
                raise TransferError(reason, passing=passing, pause=_asked_pause(refusal.headers)) from refusal
        yield None
        return
    with answer:
        yield answer


def _headers(part: Part) -> dict[str, str]:
    headers = {"User-Agent": f"resnetlab/{VERSION}", "Accept-Encoding": "identity"}
    if part.size:
        headers["Range"] = f"bytes={part.size}-"
        if part.version:
            headers["If-Range"] = part.version
    return headers


def _agree_on_start(answer: HTTPResponse, part: Part) -> int | None:
    """Empty the part unless the answer goes on from its end; gives the size of the whole file, where that is told."""
    version = _version(answer.headers)
    if answer.status == 206:
        start, total = _content_range(answer.headers)
        if start != part.size or (part.version and version and version != part.version):
            part.discard()
            raise TransferError("the server answered with a piece of another file")
        return total
    with part.written():
        part.begin(version)
    length = answer.headers.get("Content-Length")
    return int(length) if length else None


def _version(headers: Message) -> str:
    """The strong ETag, else the time of the last change; see RFC 9110, section 13.1.5."""
    tag = str(headers.get("ETag", ""))
    return tag if tag and not tag.startswith("W/") else str(headers.get("Last-Modified", ""))


def _content_range(headers: Message) -> tuple[int | None, int | None]:
    """Where a piece starts and how large the whole is, as far as an answer tells."""
    found = RANGE.match(str(headers.get("Content-Range", "")))
    start, total = found.groups() if found else (None, None)
    return int(start) if start else None, int(total) if total and total != "*" else None


def _asked_pause(headers: Message) -> float:
    asked = str(headers.get("Retry-After", ""))
    return float(asked) if asked.isdecimal() else 0.0


class _CarefulRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirection only to where a download may begin."""

    def redirect_request(
        self, request: urllib.request.Request, file: IO[bytes], code: int, text: str, headers: Any, url: str
    ) -> urllib.request.Request | None:
        try:
            refuse_address(url)
        except ResnetlabError as error:
            file.close()
            reason = f"the server sends on to {url}, which is not fetched"
            raise TransferError(reason, passing=False) from error
        return super().redirect_request(request, file, code, text, headers, url)


@contextlib.contextmanager
def _as_transfer_errors(part: Part) -> Iterator[None]:
    """What the network may raise, as one error that tells whether to try again."""
    try:
        yield
    except (urllib.error.URLError, HTTPException, OSError) as error:
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(cause, TimeoutError):
            raise TransferError("the server has fallen silent") from error
        # Without a network, or with a wrong name, nobody is served by being told so a minute later.
        unreachable = isinstance(cause, socket.gaierror | ConnectionRefusedError) or (
            isinstance(cause, OSError) and cause.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH)
        )
        lasting = isinstance(cause, ssl.SSLCertVerificationError) or (unreachable and not part.size)
        told = cause.strerror if isinstance(cause, OSError) and cause.strerror else cause
        raise TransferError(str(told) or type(cause).__name__, passing=not lasting) from error


@contextlib.contextmanager
def _progress(part: Part, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; its advance by a number of bytes."""
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=32),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task(part.target.name, total=total, completed=part.size)
        yield partial(bar.advance, task)
