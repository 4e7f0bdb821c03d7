"""Why a training stops before its end: a signal, or its time is over. It is asked after every step and evaluation."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}  # as shells report a command that a signal ended
SIGNALS = tuple(EXIT_CODES)


class Interrupted(Exception):  # noqa: N818, it is no error
    """Training stopped before its end; its state was saved.

    Args:
        reason: in words.
        exit_code: of the command: 130 after SIGINT, 143 after SIGTERM, 0 where its time was over.
    """

    def __init__(self, reason: str, exit_code: int) -> None:
        self.reason, self.exit_code = reason, exit_code
        super().__init__(reason)


@dataclass
class Interruption:
    """Notes what asks training to stop.

    Args:
        most_seconds: that training may take; None for any.
        began: when it did, on `time.monotonic`.
        received: the signal that came.
    """

    most_seconds: float | None = None
    began: float = field(default_factory=time.monotonic)
    received: signal.Signals | None = None

    @property
    def asked(self) -> Interrupted | None:
        """What to leave by; None where nothing asks."""
        if self.received is not None:
            return Interrupted(f"{self.received.name} was received", EXIT_CODES[self.received])
        if self.most_seconds is not None and time.monotonic() - self.began >= self.most_seconds:
            return Interrupted(f"the {self.most_seconds:g} seconds of --max-time are over", 0)
        return None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """The first signal only sets a flag meanwhile; the next acts as it did before. Threads get no signals."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in SIGNALS}

        def note(number: int, frame: FrameType | None) -> None:
            self.received = signal.Signals(number)
            put_back()

        def put_back() -> None:
            for number, handler in before.items():
                signal.signal(number, handler)

        for number in SIGNALS:
            signal.signal(number, note)
        try:
            yield
        finally:
            put_back()
