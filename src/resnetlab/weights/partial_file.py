"""What has come of a file that is being downloaded."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from resnetlab.core.errors import OutputError


@dataclass(frozen=True)
class Part:
    """What has come of a file so far, beside the place it is for, and which version of it that is.

    Args:
        target: the place of the whole file.
    """

    target: Path

    @property
    def file(self) -> Path:
        """The bytes."""
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def _version_file(self) -> Path:
        return self.target.with_name(f"{self.target.name}.part.version")

    @property
    def size(self) -> int:
        """In bytes; 0 where nothing has come."""
        return self.file.stat().st_size if self.file.exists() else 0

    @property
    def version(self) -> str:
        """The server's own name for the version that the bytes are of; empty where it gave none."""
        return self._version_file.read_text(encoding="latin-1") if self._version_file.exists() else ""

    def begin(self, version: str) -> None:
        """Empty it for the bytes of a version."""
        self.discard()
        if version:
            self._version_file.write_text(version, encoding="latin-1")

    def discard(self) -> None:
        """Remove all that has come."""
        self.file.unlink(missing_ok=True)
        self.forget_version()

    def forget_version(self) -> None:
        """Remove what is written beside the bytes."""
        self._version_file.unlink(missing_ok=True)

    def refuse_full_disk(self, total: int | None) -> None:
        """Pass where the disk has room for the rest of a file of `total` bytes.

        Raises:
            OSError: as the system would say it, once the disk is full.
        """
        free = shutil.disk_usage(self.target.parent).free
        if total is not None and total - self.size > free:
            raise OSError(errno.ENOSPC, f"{total - self.size} bytes are missing, {free} are free")

    @contextlib.contextmanager
    def written(self) -> Iterator[None]:
        """What the disk may raise inside, typed; a full disk gets its space back.

        Raises:
            OutputError: the part cannot be written.
        """
        try:
            yield
        except OSError as error:
            if error.errno == errno.ENOSPC:
                with contextlib.suppress(OSError):
                    self.discard()
            raise OutputError(
                f"{self.target} cannot be written: {error.strerror or error}\n"
                "free some space, or name another folder with TORCH_HOME"
            ) from error
