"""The laboratory's two verbs: `run_lab` measures and judges claims, `report` runs a tier and writes its page."""

from __future__ import annotations
