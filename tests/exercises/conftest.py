"""One warm workshop for all tests that check answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from resnetlab.exercises.workshop import Workshop


@pytest.fixture(scope="session")
def workshop() -> Iterator[Workshop]:
    with Workshop() as warm:
        yield warm
