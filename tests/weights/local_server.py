"""A server on this machine that serves files as good and bad servers do."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Behaviour = Callable[[BaseHTTPRequestHandler, bytes], None]


class LocalServer(ThreadingHTTPServer):
    """Serves `files` by path; the first requests for a path get the behaviours in `first`, one each.

    `asked` holds the Range of every request, None where there was none, by path.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.first: dict[str, list[Behaviour]] = {}
        self.asked: dict[str, list[str | None]] = {}
        self.closing = threading.Event()

    def serve(self, path: str, content: bytes, *first: Behaviour) -> str:
        """Put a file there; gives its address."""
        self.files[path], self.first[path] = content, list(first)
        return f"http://127.0.0.1:{self.server_port}{path}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LocalServer

    def do_GET(self) -> None:
        self.close_connection = True
        self.server.asked.setdefault(self.path, []).append(self.headers.get("Range"))
        if self.path not in self.server.files:
            answering(404)(self, b"")
            return
        behaviours = self.server.first[self.path]
        (behaviours.pop(0) if behaviours else honest)(self, self.server.files[self.path])

    def log_message(self, format: str, *args: object) -> None:
        """Tests read what was asked, not a log."""


@contextmanager
def local_server() -> Iterator[LocalServer]:
    with LocalServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


def etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'


def begin(handler: BaseHTTPRequestHandler, content: bytes, *, obeys_if_range: bool = True) -> bytes:
    """Send the head of an honest answer; gives the body that goes with it."""
    asked, version = handler.headers.get("Range"), handler.headers.get("If-Range")
    start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
    if obeys_if_range and version not in (None, etag(content)):
        start = 0
    if start >= len(content) > 0:
        handler.send_response(416)
        handler.send_header("Content-Range", f"bytes */{len(content)}")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return b""
    handler.send_response(206 if start else 200)
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    handler.send_header("ETag", etag(content))
    handler.send_header("Content-Length", str(len(content) - start))
    handler.end_headers()
    return content[start:]


def honest(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    """Ranges, and the whole file where the version that is asked for is gone."""
    handler.wfile.write(begin(handler, content))


def blind_to_versions(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    """Ranges of whatever file is there now."""
    handler.wfile.write(begin(handler, content, obeys_if_range=False))


def without_ranges(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    """The whole file, whatever range was asked for, and no version."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def cut_after(count: int) -> Behaviour:
    """Breaks the connection after so many bytes."""

    def behave(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        handler.wfile.write(begin(handler, content)[:count])

    return behave


def silent_after(count: int) -> Behaviour:
    """Holds the connection after so many bytes and sends nothing more."""

    def behave(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        handler.wfile.write(begin(handler, content)[:count])
        handler.wfile.flush()
        assert isinstance(handler.server, LocalServer)
        handler.server.closing.wait(20)

    return behave


def answering(status: int, **headers: str) -> Behaviour:
    """Answers with a status and no file."""

    def behave(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return behave
