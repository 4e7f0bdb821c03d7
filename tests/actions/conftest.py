"""What tests of several commands share."""

from __future__ import annotations

from collections import defaultdict

import pytest

from resnetlab.actions.diagnosing import page as diagnose_page
from resnetlab.pages.svg import Drawing


@pytest.fixture
def no_drawings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures of a diagnosis take a second; they are drawn for the tests that look at the page."""
    if request.node.get_closest_marker("page") is None:
        monkeypatch.setattr(diagnose_page, "_drawings", lambda found: defaultdict(lambda: Drawing("<svg />", b"")))
