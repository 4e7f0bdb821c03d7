"""Where a run keeps what it goes on from; imports no torch."""

from __future__ import annotations

FOLDER = "checkpoints"
LAST, PREVIOUS, BEST = "last.pt", "previous.pt", "best.pt"
