"""A small network, and a small diagnosis of any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

import resnetlab
from resnetlab.actions.diagnosing.diagnosis import Diagnosis


def small(channels: int = 1, classes: int = 10) -> nn.Sequential:
    """A classifier of a few weights."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(channels, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, classes),
    )


def diagnose(model: Any, data: Any = "digits", *, folder: Path, **settings: Any) -> Diagnosis:
    """A diagnosis of 32 images, of the health alone unless more is asked for."""
    asked = {"parts": ("health",), "images": 32, "batch_size": 16, "quiet": True, "output": folder} | settings
    return resnetlab.diagnose(model, data, **asked)
