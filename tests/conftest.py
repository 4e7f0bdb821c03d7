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


def pytest_report_header(config: pytest.Config) -> str:
    return f"long sweeps: {'run too' if in_full(config) else 'left out; --full, or `make test-full`, runs them'}"


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not in_full(config):
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("full")])
        items[:] = [item for item in items if not item.get_closest_marker("full")]
    for item in items:
        if shares_with_its_file(item) and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.location[0]))


def in_full(config: pytest.Config) -> bool:
    return bool(config.getoption("--full") or os.environ.get("RESNETLAB_FULL"))


def shares_with_its_file(item: pytest.Item) -> bool:
    """Whether it takes what is made once for its file: one worker takes all such tests, so that it is made once."""
    fixtures = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    return any(known[-1].scope == "module" for known in fixtures.values())
