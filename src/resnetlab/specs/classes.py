"""The names of the classes of well-known data sets, in the order of their numbers."""

from __future__ import annotations

CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
"""Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images"."""
