"""Contact sheets hold every picture and any name, and small pixels stay squares."""

from __future__ import annotations

import io
import os
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from resnetlab.pages.contact_sheet import GAP, MARGIN, Strip, Tile, class_sheet, encoded, grid_sheet

CHECKS = (np.indices((8, 8)).sum(axis=0) % 2 * 255).astype(np.uint8)
RED = np.zeros((300, 200, 3), np.uint8) + np.array([200, 0, 0], np.uint8)
NAMES = ("", "cat", "日本語", "two\nlines", os.fsdecode(b"caf\xe9"), "x" * 300, "$x$ <b> %s")


def test_the_pixels_of_a_small_picture_stay_squares_of_one_grey() -> None:
    sheet = np.asarray(grid_sheet([Tile(CHECKS)], "title", "note").convert("L"))
    black = sheet[sheet.shape[0] // 2 :] == 0
    runs = {len(run) for row in black for run in "".join("x" if dark else " " for dark in row).split()}
    assert runs == {176 // 8}


def test_a_grid_has_as_many_rows_as_its_tiles_need() -> None:
    heights = [grid_sheet([Tile(CHECKS, ("a",))] * count, "", "", columns=4).height for count in (4, 5, 8, 9)]
    assert heights[0] < heights[1] == heights[2] < heights[3]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name_is_written_and_a_long_one_cut(name: str) -> None:
    grid = grid_sheet([Tile(CHECKS, (name, name))] * 3, name, name)
    strips = class_sheet([Strip(name, name, [RED, CHECKS]), Strip("dog", "", [])], name, name)
    assert grid.width <= 1400
    assert strips.width <= 1400


def test_names_stand_beside_the_pictures_and_never_below_them() -> None:
    strips = [Strip(name, "1,234,567 images", [RED] * 2) for name in ("0", "a longer name")]
    sheet = np.asarray(class_sheet(strips, "", "")).astype(int)
    red = (np.abs(sheet - [200, 0, 0]).max(axis=2) < 3).any(axis=0).nonzero()[0]
    inked = (sheet[160:].max(axis=2) < 120).any(axis=0).nonzero()[0]
    assert inked.min() >= MARGIN
    assert inked[inked < red.min()].max() + GAP <= red.min()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_sheet_becomes_a_file(kind: Literal["PNG", "JPEG"]) -> None:
    sheet = grid_sheet([Tile(RED, ("red",))], "title", "note")
    assert Image.open(io.BytesIO(encoded(sheet, kind))).size == sheet.size
