"""Folders of small pictures: real photographs cut into squares, sorted into classes or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

TEMPLE, FLOWER = load_sample_images().images


def squares(photograph: np.ndarray, count: int, side: int) -> list[Image.Image]:
    """Cuts from all over a photograph, no two the same."""
    places = [(row, column) for row in range(0, 400 - side, 37) for column in range(0, 600 - side, 41)]
    spread = places[:: len(places) // count][:count]
    return [Image.fromarray(photograph[top : top + side, left : left + side]) for top, left in spread]


def write_photographs(root: Path) -> Path:
    """Both photographs whole, as JPEG."""
    root.mkdir(parents=True)
    for name, photograph in (("flower", FLOWER), ("temple", TEMPLE)):
        Image.fromarray(photograph).save(root / f"{name}.jpg")
    return root


def write_classes(root: Path, count: int = 6, side: int = 40) -> Path:
    """An image folder of two classes, flower and temple, with `count` pictures each."""
    for name, photograph in (("flower", FLOWER), ("temple", TEMPLE)):
        (root / name).mkdir(parents=True)
        for number, square in enumerate(squares(photograph, count, side)):
            square.save(root / name / f"{number}.png")
    return root
