"""A process that uses the hub for the tests: huggingface_hub reads where its hub is only once, when it is imported.

Run as a program it executes each line of its input, a JSON text of Python, and answers with a line: what the variable
`answer` holds then, or the error.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor

LOAD = """
from resnetlab.weights import load_from_hub
from hub_user import digest
model = load_from_hub({0!r}, {1!r})
answer = [digest(model.state_dict()), model.spec.name, repr(model.card), model.training]
"""
RESOLVE = """
from resnetlab.actions.networks.references import resolve_model
from hub_user import digest
found = resolve_model({0!r})
answer = [digest(found.module.state_dict()), found.card.source]
"""
PUSH = """
from resnetlab.weights import push_to_hub
answer = push_to_hub({0!r}, {1!r}, token={2!r})
"""


class HubUser:
    """The process, which finds its hub at an address."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def __call__(self, code: str) -> Any:
        """What `answer` holds after this code; an error as its name and message."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(code) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextmanager
def hub_user(address: str, cache: Path) -> Iterator[HubUser]:
    of_the_hub = {"HF_ENDPOINT": address, "HF_HOME": str(cache), "HF_HUB_DISABLE_XET": "1", "NO_PROXY": "127.0.0.1"}
    quiet = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    with subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=kept | of_the_hub | quiet,
    ) as process:
        yield HubUser(process)
        assert process.stdin
        process.stdin.close()


def digest(state: Mapping[str, Tensor]) -> str:
    """Of all names and bits of a state dict."""
    return hashlib.sha256(
        b"".join(name.encode() + state[name].numpy().tobytes() for name in sorted(state))
    ).hexdigest()


def main() -> None:
    names: dict[str, object] = {}
    for line in sys.stdin:
        names["answer"] = None
        try:
            exec(json.loads(line), names)
            answer = names["answer"]
        except Exception as error:
            answer = [type(error).__name__, str(error)]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
