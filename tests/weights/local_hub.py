"""A hub on this machine: the few addresses that huggingface_hub asks when it makes, fills and reads a repository."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Files = dict[str, bytes]


class LocalHub(ThreadingHTTPServer):
    """Holds `repositories` by name; what is asked for is kept in `asked`. Names that start with "gated/" are so."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, Files] = {}
        self.large: Files = {}
        self.asked: list[str] = []
        self.token = "hf_right"
        self.spoil: Callable[[bytes], bytes] = bytes  # what becomes of a file on its way; its hash is told as it was

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LocalHub

    def do_GET(self) -> None:
        self._read()

    def do_HEAD(self) -> None:
        self._read()

    def do_PUT(self) -> None:
        self.server.large[self.path.removeprefix("/upload/")] = self._body()
        self._answer({})

    def do_POST(self) -> None:
        body = self._body()
        if self.path == "/api/validate-yaml":
            self._answer({"errors": [], "warnings": []})
        elif self.headers.get("Authorization") != f"Bearer {self.server.token}":
            self._answer({"error": "forbidden"}, 403)
        elif self.path == "/api/repos/create":
            told = json.loads(body)
            name = f"{told['organization']}/{told['name']}"
            self.server.repositories.setdefault(name, {})
            self._answer({"url": f"{self.server.address}/{name}", "name": name, "id": name})
        elif self.path.endswith("/preupload/main"):
            self._answer({"files": [_mode_of(file["path"]) for file in json.loads(body)["files"]]})
        elif self.path.endswith(".git/info/lfs/objects/batch"):
            wanted = json.loads(body)["objects"]
            self._answer({"transfer": "basic", "objects": [self._upload(one) for one in wanted]})
        elif found := re.fullmatch(r"/api/models/(.+/.+)/commit/main", self.path):
            files = self.server.repositories[found[1]]
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
                elif line["key"] == "lfsFile":
                    files[line["value"]["path"]] = self.server.large[line["value"]["oid"]]
            self._answer({"commitUrl": f"{self.server.address}/{found[1]}/commit/x", "commitOid": commit_of(files)})
        else:
            self._answer({"error": f"unknown {self.path}"}, 404)

    def _read(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        found = re.fullmatch(r"/(api/models/)?([^/]+/[^/?]+)(?:/(revision|tree|resolve)/([^/?]+))?/?(.*)", self.path)
        name = found[2] if found else ""
        if found is None or name not in self.server.repositories:
            self._answer({"error": "no repository"}, 404, X_Error_Code="RepoNotFound")
        elif name.startswith("gated/"):
            self._answer({"error": "ask"}, 403, X_Error_Code="GatedRepo")
        elif found[4] not in (None, "main", commit_of(self.server.repositories[name])):
            self._answer({"error": "no revision"}, 404, X_Error_Code="RevisionNotFound")
        else:
            self._answer_of(name, commit_of(self.server.repositories[name]), found)

    def _answer_of(self, name: str, commit: str, found: re.Match[str]) -> None:
        files = self.server.repositories[name]
        if found[3] == "tree":
            self._answer([{"type": "file", "path": path, "size": len(files[path]), "oid": "0" * 40} for path in files])
        elif found[3] == "resolve":
            path = found[5].partition("?")[0]
            if path not in files:
                self._answer({"error": "no entry"}, 404, X_Error_Code="EntryNotFound", X_Repo_Commit=commit)
                return
            tag = f'"{hashlib.sha256(files[path]).hexdigest()}"'
            told = {"ETag": tag, "X-Linked-Etag": tag, "X-Linked-Size": str(len(files[path])), "X-Repo-Commit": commit}
            self._send(files[path], 200, told)
        else:
            self._answer({"id": name, "sha": commit, "siblings": [{"rfilename": path} for path in files]})

    def _upload(self, one: dict[str, Any]) -> dict[str, Any]:
        return {**one, "actions": {"upload": {"href": f"{self.server.address}/upload/{one['oid']}", "header": {}}}}

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, content: object, status: int = 200, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._send(json.dumps(content).encode(), status, {"Content-Type": "application/json", **named})

    def _send(self, content: bytes, status: int, headers: dict[str, str]) -> None:
        self.close_connection = True  # so that nobody goes on talking to a hub that was shut down
        self.send_response(status)
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.server.spoil(content) if "ETag" in headers else content)

    def log_message(self, format: str, *args: object) -> None:
        """Tests read what was asked, not a log."""


def _mode_of(path: str) -> dict[str, object]:
    mode = "lfs" if path.endswith((".safetensors", ".png")) else "regular"
    return {"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": None}


def commit_of(files: Files) -> str:
    """40 digits that are others for other files."""
    return hashlib.sha1(b"".join(name.encode() + files[name] for name in sorted(files))).hexdigest()


@contextmanager
def local_hub() -> Iterator[LocalHub]:
    with LocalHub() as hub:
        thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield hub
        hub.shutdown()
        thread.join()
