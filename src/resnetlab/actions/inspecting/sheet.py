"""The contact sheet of a data set: some images of each class, chosen by seed, as they are stored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import functional as TF

from resnetlab.actions.inspecting.images import UNSPLIT, Seen, counted
from resnetlab.core.errors import ImageError
from resnetlab.data.images import quiet_decoder
from resnetlab.data.labelled import LabelledImages
from resnetlab.data.randomness import Purpose, hashes
from resnetlab.pages.contact_sheet import Pixels, Strip, Tile, class_sheet, encoded, grid_sheet

MOST_STRIPS = 24  # classes up to which each has a row
OF_EACH = 10  # images in a row
MOST_TILES = 120  # classes that are shown where there are more


def sheet_of(images: LabelledImages, split: str, seen: Sequence[Seen | ImageError], seed: int) -> bytes | None:
    """A PNG: a row for each class, or one image of each where there are many; None where no image can be read.

    Args:
        images: of the split.
        split: its name.
        seen: of each image, or why it cannot be read.
        seed: decides which images are shown.
    """
    chance = hashes(Purpose.SPLIT, seed, 1, np.arange(len(images)))[:, 0]
    labels, sound = np.asarray(images.labels), np.array([isinstance(one, Seen) for one in seen], dtype=bool)
    members = [np.flatnonzero((labels == number) & sound) for number in range(len(images.classes))]
    chosen = [part[np.argsort(chance[part])] for part in members]
    if not any(map(len, chosen)):
        return None
    title = f"{images.name} · {split}" if split != UNSPLIT else images.name
    many = len(images.classes) > MOST_STRIPS
    note = (
        f"{len(images):,} images of {len(images.classes)} classes; {'one' if many else 'some'} of each, by seed {seed}"
    )
    with quiet_decoder():
        if many:
            named = zip(images.classes, chosen, strict=True)
            tiles = [Tile(_pixels(images.read(int(part[0]))), (name,)) for name, part in named if len(part)]
            return encoded(grid_sheet(tiles[:MOST_TILES], title, note, columns=10), "PNG")
        strips = [
            Strip(
                name,
                counted(int((labels == number).sum()), "image"),
                [_pixels(images.read(int(at))) for at in part[:OF_EACH]],
            )
            for number, (name, part) in enumerate(zip(images.classes, chosen, strict=True))
        ]
        return encoded(class_sheet(strips, title, note), "PNG")


def _pixels(image: Tensor) -> Pixels:
    """(H, W) or (H, W, 3) bytes."""
    whole = TF.convert_image_dtype(image, torch.uint8).permute(1, 2, 0).numpy()
    return whole[:, :, 0] if whole.shape[-1] == 1 else whole
