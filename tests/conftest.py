"""What holds for every test: shapes in signatures are checked, one thread per worker, long sweeps only when asked."""

from __future__ import annotations

import os

import jaxtyping
import pytest

# Before anything imports resnetlab, and torch with it: later it would check nothing and set nothing.
jaxtyping.install_import_hook(["resnetlab.nn", "resnetlab.analysis"], "beartype.beartype")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the long sweeps too, as RESNETLAB_FULL=1 does")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--full") or os.environ.get("RESNETLAB_FULL"):
        return
    skip = pytest.mark.skip(reason="a long sweep: --full, or `make test-full`")
    for item in items:
        if item.get_closest_marker("full"):
            item.add_marker(skip)
