"""Training: what decides it (`config`, `recipes`), the loop, its state, its checkpoints."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resnetlab.training.in_memory import History as History
    from resnetlab.training.in_memory import TrainingPlan as TrainingPlan
    from resnetlab.training.in_memory import evaluate as evaluate
    from resnetlab.training.in_memory import train as train

__all__ = ["History", "TrainingPlan", "evaluate", "train"]


def __getattr__(name: str) -> Any:
    """The laboratory's training, imported when it is asked for: the command line reads `config` without PyTorch."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("resnetlab.training.in_memory"), name)
