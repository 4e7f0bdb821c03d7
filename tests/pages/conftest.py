"""A page to look at: every verdict, two exact claims of the ledger, figures, and text that tries to be markup."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import planted
import pytest
from browsing import picture
from playwright.sync_api import Browser

from resnetlab.experiments import lab

PARTS_REGISTERED = 61  # stated here, so that the planted verdicts do not depend on what the ledger holds


def run_planted(folder: Path, *slugs: str) -> lab.LabResult:
    """The planted claims, and those of these slugs, run as a user's own are."""
    files = folder / "claims"
    files.mkdir(parents=True)
    claims = [*(str(claim.write(files)) for claim in planted.ALL), *slugs]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab, "registered_parts", lambda tier: PARTS_REGISTERED)
        return lab.run_lab(claims, output=folder / "report", no_cache=True, jobs=1, quiet=True)


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> lab.LabResult:
    """What one run left: a page, results.json and figures."""
    return run_planted(tmp_path_factory.mktemp("planted"), "bottleneck_cost", "receptive_field")


@pytest.fixture
def results(laboratory: lab.LabResult) -> dict[str, Any]:
    """The content of results.json, as read from the file; a test may change it."""
    content: dict[str, Any] = json.loads((laboratory.folder / "results.json").read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = picture.find_browser()
    if program is None and os.environ.get("RESNETLAB_REQUIRE_BROWSER") == "1":
        pytest.fail("no Chromium on this machine, and RESNETLAB_REQUIRE_BROWSER asks for one")
    if program is None:
        pytest.skip("no Chromium on this machine; RESNETLAB_CHROMIUM may name one")
    with picture.open_browser(program) as opened:
        yield opened
