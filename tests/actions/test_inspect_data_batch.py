"""The picture of the first batch shows the pixels and labels that the network gets."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image

from resnetlab.actions.inspecting.batch import contact_sheet, label_lines
from resnetlab.data.preprocess import denormalise, normalise
from resnetlab.specs.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing

HOW = Preprocessing(8, 8, IMAGENET_MEAN, IMAGENET_STD)
COLOURS = torch.tensor([(255, 0, 0), (0, 255, 0), (0, 0, 255), (250, 250, 0)], dtype=torch.uint8)
IMAGES = COLOURS[:, :, None, None].expand(-1, -1, 8, 8)


def test_normalisation_is_undone_to_the_byte() -> None:
    images = torch.randint(0, 256, (4, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(denormalise(normalise(images, HOW), HOW), images)


def test_every_image_of_the_batch_is_on_the_sheet_in_its_colours() -> None:
    sheet = Image.open(
        io.BytesIO(contact_sheet(normalise(IMAGES, HOW), torch.tensor([0, 1, 2, 0]), ("a", "b", "c"), HOW))
    )
    assert sheet.format == "JPEG"
    pixels = np.asarray(sheet.convert("RGB")).astype(int)
    places = []
    for colour in COLOURS.numpy().astype(int):
        near = (np.abs(pixels - colour).max(axis=2) < 12).nonzero()
        assert len(near[0]) > 150 * 150
        places.append(near[1].mean())
    assert places == sorted(places)


def test_grey_batches_and_large_ones_are_drawn_too() -> None:
    how = Preprocessing(8, 8, (0.5,), (0.5,))
    images = normalise(torch.zeros(100, 1, 8, 8, dtype=torch.uint8), how)
    assert Image.open(io.BytesIO(contact_sheet(images, torch.zeros(100).long(), ("a",), how))).width > 1000


def test_a_label_is_told_by_its_name_and_a_mixed_one_by_its_shares() -> None:
    classes = ("cat", "dog", "eel")
    assert label_lines(torch.tensor(1), classes) == ("dog",)
    assert label_lines(torch.tensor([0.0, 0.0, 1.0]), classes) == ("eel",)
    assert label_lines(torch.tensor([0.3, 0.0, 0.7]), classes) == ("70 % eel", "30 % cat")
