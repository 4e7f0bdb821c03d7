"""What is said where a file cannot be written fits the reason."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from resnetlab.core.errors import OutputError
from resnetlab.core.files import write_content


@pytest.mark.parametrize(("reason", "remedy"), [(errno.ENOSPC, "free some space"), (errno.EACCES, "make it writable")])
def test_the_remedy_fits_the_reason(reason: int, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: object) -> None:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(Path, "write_bytes", fails)
    with pytest.raises(OutputError, match=f"{os.strerror(reason)}\n{remedy}, or give another folder"):
        write_content(tmp_path / "file", "text")
    assert not list(tmp_path.iterdir())
