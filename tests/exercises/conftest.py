"""One warm workshop for all tests that check answers."""

from __future__ import annotations

import pytest

from resnetlab.exercises.workshop import Workshop
from shared_workshop import warm_workshop


@pytest.fixture
def workshop() -> Workshop:
    return warm_workshop()
