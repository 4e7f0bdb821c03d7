"""Contact sheets: many small labelled pictures on one, to see at a glance what a network is shown."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from resnetlab.core.terminal import on_one_line
from resnetlab.pages.figures import INK, PAPER

Pixels = NDArray[np.uint8]

TILE = 176  # pixels, about, that a picture's side takes
FEW_PIXELS = 88  # side up to which every pixel stays a square of its own
GAP, MARGIN = 14, 56
HEAD, NAME, TEXT, SMALL = 36, 26, 22, 19  # heights of letters, pixels
LONGEST_NAME = 320  # pixels
LINE = SMALL + 6
QUIET, HAIRLINE = "#6b6b6b", "#d9d9d9"
QUALITY = 92


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture.

    Args:
        pixels: (H, W) or (H, W, 3), bytes.
        lines: below it.
    """

    pixels: Pixels
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Strip:
    """The pictures of one class.

    Args:
        name: of the class.
        note: below the name.
        pictures: (H, W) or (H, W, 3) each, bytes.
    """

    name: str
    note: str
    pictures: Sequence[Pixels]


def grid_sheet(tiles: Sequence[Tile], title: str, note: str, columns: int = 8) -> Image.Image:
    """Pictures side by side and below one another, each over its lines of text.

    Args:
        tiles: in the order of reading.
        title: over all.
        note: below the title.
        columns: pictures in a row, at most.
    """
    side, columns = _side([tile.pixels for tile in tiles]), min(columns, max(1, len(tiles)))
    captions = LINE * max((len(tile.lines) for tile in tiles), default=0) + GAP // 2
    rows = -(-len(tiles) // columns)
    top = _below_head()
    width = _wide_enough(2 * MARGIN + columns * (side + GAP) - GAP, title, note)
    sheet, draw = _paper(width, top + rows * (side + captions + GAP) - GAP + MARGIN, title, note)
    for place, tile in enumerate(tiles):
        row, column = divmod(place, columns)
        left, upper = MARGIN + column * (side + GAP), top + row * (side + captions + GAP)
        _put(sheet, draw, tile.pixels, left, upper, side)
        for number, line in enumerate(tile.lines):
            where = (left, upper + side + 5 + number * LINE)
            draw.text(where, _fitting(line, SMALL, side), QUIET if number else INK, _font(SMALL))
    return sheet


def class_sheet(strips: Sequence[Strip], title: str, note: str) -> Image.Image:
    """A row of pictures for each class, behind its name.

    Args:
        strips: in the order of the classes.
        title: over all.
        note: below the title.
    """
    side = _side([picture for strip in strips for picture in strip.pictures])
    longest = max(max(_length(strip.name, NAME), _length(strip.note, SMALL)) for strip in strips)
    names = min(LONGEST_NAME, longest) + 2 * GAP
    columns, top = max(len(strip.pictures) for strip in strips), _below_head()
    width = _wide_enough(2 * MARGIN + names + columns * (side + GAP) - GAP, title, note)
    sheet, draw = _paper(width, top + len(strips) * (side + GAP) - GAP + MARGIN, title, note)
    for row, strip in enumerate(strips):
        upper = top + row * (side + GAP)
        middle = upper + side // 2
        draw.text((MARGIN, middle - 2), _fitting(strip.name, NAME, names - GAP), INK, _font(NAME), anchor="ls")
        draw.text((MARGIN, middle + 8), _fitting(strip.note, SMALL, names - GAP), QUIET, _font(SMALL), anchor="lt")
        for column, picture in enumerate(strip.pictures):
            _put(sheet, draw, picture, MARGIN + names + column * (side + GAP), upper, side)
    return sheet


def encoded(sheet: Image.Image, kind: Literal["PNG", "JPEG"]) -> bytes:
    """The bytes of a file."""
    written = io.BytesIO()
    options = {"quality": QUALITY, "subsampling": 0} if kind == "JPEG" else {"optimize": True}
    sheet.save(written, kind, **options)
    return written.getvalue()


def _paper(width: int, height: int, title: str, note: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, MARGIN), _fitting(title, HEAD, width - 2 * MARGIN, bold=True), INK, _font(HEAD, bold=True))
    draw.text((MARGIN, MARGIN + HEAD + 14), _fitting(note, TEXT, width - 2 * MARGIN), QUIET, _font(TEXT))
    return sheet, draw


def _below_head() -> int:
    return MARGIN + HEAD + 14 + TEXT + 36


def _wide_enough(width: int, title: str, note: str) -> int:
    """So that few pictures do not cut the head short."""
    longest = max(_length(title, HEAD, bold=True), _length(note, TEXT))
    return max(width, min(longest + 2 * MARGIN + 1, 1400))


def _put(sheet: Image.Image, draw: ImageDraw.ImageDraw, pixels: Pixels, left: int, upper: int, side: int) -> None:
    """The centre square of a picture, in a hairline that keeps white ones from running out into the paper."""
    image = Image.fromarray(np.ascontiguousarray(pixels)).convert("RGB")
    shorter = min(image.size)
    corner = (image.width - shorter) // 2, (image.height - shorter) // 2
    way = Image.Resampling.NEAREST if shorter <= FEW_PIXELS else Image.Resampling.LANCZOS
    square = image.crop((*corner, corner[0] + shorter, corner[1] + shorter)).resize((side, side), way)
    draw.rectangle((left - 1, upper - 1, left + side, upper + side), outline=HAIRLINE)
    sheet.paste(square, (left, upper))


def _side(pictures: Sequence[Pixels]) -> int:
    """A whole multiple of the side of small pictures, so that all their pixels are alike."""
    shorter = min((min(picture.shape[:2]) for picture in pictures), default=TILE)
    return shorter * round(TILE / shorter) if shorter <= FEW_PIXELS else TILE


def _fitting(text: str, size: int, width: int, *, bold: bool = False) -> str:
    """On one line, and cut to the width with an ellipsis."""
    whole = on_one_line(text)
    if _length(whole, size, bold=bold) <= width:
        return whole
    return next(
        (
            cut
            for end in range(len(whole) - 1, 0, -1)
            if _length(cut := f"{whole[:end].rstrip()}…", size, bold=bold) <= width
        ),
        "…",
    )


def _length(text: str, size: int, *, bold: bool = False) -> int:
    return int(_font(size, bold=bold).getlength(on_one_line(text))) + 1


@lru_cache(maxsize=8)
def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Matplotlib's own, which the figures are written in; it is on every machine."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", name), size)
