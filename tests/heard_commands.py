"""Commands that hear Ctrl-C, whoever started the tests."""

from __future__ import annotations

import sys

# Who runs tests in the background may have told all processes to ignore it.
CODE = """import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from resnetlab.cli import main
raise SystemExit(main(sys.argv[1:]))
"""


def that_hears(*arguments: str) -> list[str]:
    """`resnetlab` with these arguments, for a process of its own."""
    return [sys.executable, "-c", CODE, *arguments]
