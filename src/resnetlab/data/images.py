"""One image file as a tensor, or an error that names the file: nothing is decoded in part, nothing guessed.

| file | tensor |
| --- | --- |
| grey, 1-bit | one channel |
| colour, palette, CMYK, YCCK | three channels, RGB |
| with transparency | as it looks on white |
| 16 bits a channel | scaled to 8: 65535 becomes 255 |
| turned by its EXIF tag | upright |
| several frames | the first |
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import warnings
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from resnetlab.core.errors import ImageError
from resnetlab.core.terminal import on_one_line

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp"})
MOST_PIXELS = 64_000_000
MOST_BYTES = 256_000_000
TAIL = 64  # bytes of a file in which a picture that was not cut short ends, most often
LONGEST_SHAPE = 100  # times as long as wide: its shorter side scaled to a network's input, it would fill the memory

JPEG_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # what stands in coded pixels, FF 00 and FF D0 to D7, is none
START_OF_PICTURE, END_OF_PICTURE, START_OF_SCAN = 0xD8, 0xD9, 0xDA

GREY = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "I;16N")
WITH_ALPHA = ("LA", "PA", "RGBA", "La", "RGBa")
OTHER_FILES = (
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML file"),
    (b"%pdf", "a PDF"),
    (b"ii*\0", "a TIFF image"),
    (b"mm\0*", "a TIFF image"),
    (b"pk\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"version https://git-lfs", "a pointer of Git LFS instead of the file"),
)


def read_image(path: str | PathLike[str]) -> UInt8[Tensor, "c h w"]:
    """The picture in a file, upright, of one channel (grey) or three (RGB).

    Args:
        path: a JPEG, PNG, BMP, GIF or WEBP file of at most 64 million pixels, whatever its name ends in.

    Raises:
        ImageError: it cannot be read, is damaged or cut short, of another format, or too large.
    """
    with _readable_file(path) as file:
        data = file.read()
    return decode_image(data, path)


def check_image(path: str | PathLike[str]) -> None:
    """Pass where a file begins and ends as an image does: nothing is decoded, and little of it is read.

    Of other formats than JPEG and PNG nothing tells but decoding.

    Raises:
        ImageError: as of `read_image`, but for damage between beginning and end.
    """
    with _readable_file(path) as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
        ending = file.read()
        with contextlib.suppress(Exception):  # whatever Pillow's readers raise
            file.seek(0)
            with Image.open(file, formats=FORMATS) as image:
                _refuse_size(image, path)
                whole = b"IEND" in ending if image.format == "PNG" else ending.endswith(b"\xff\xd9")
                if image.format in ("PNG", "JPEG", "MPO") and whole:
                    return
    read_image(path)  # which says what is wrong, if anything is


@contextlib.contextmanager
def _readable_file(path: str | PathLike[str]) -> Iterator[BinaryIO]:
    """The file, open, where it is one and not too large."""
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            raise _refusal(path, "is no file", "give an image file")
        if status.st_size > MOST_BYTES:
            raise _refusal(path, f"has {status.st_size:,} bytes", f"images of up to {MOST_BYTES:,} bytes are read")
        with Path(path).open("rb") as file:
            yield file
    except ImageError:
        raise
    except (OSError, ValueError) as error:  # a ValueError where the name holds a zero byte
        why = getattr(error, "strerror", error)
        raise _refusal(path, f"cannot be read: {why}", "check the name and its permissions") from error


def decode_image(data: bytes, name: str | PathLike[str]) -> UInt8[Tensor, "c h w"]:
    """The picture in the bytes of a file, as `read_image` gives it.

    Args:
        data: the whole file.
        name: for messages.

    Raises:
        ImageError: as of `read_image`.
    """
    if not data:
        raise _refusal(name, "is empty", "fetch it again, or leave it out")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _refuse_size(image, name)
            _refuse_missing_end(image.format, data)
            image.load()
            return torch.from_numpy(_pixels(image)).permute(2, 0, 1)
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise _refusal(name, _what_it_is(data), f"give one of {', '.join(FORMATS)}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _refusal(name, "would unpack to far too many pixels", _limit()) from error
    except Exception as error:  # Pillow's decoders raise whatever a damaged file leads them to
        raise _refusal(name, f"is damaged: {error}", "fetch it again, or leave it out") from error


@contextlib.contextmanager
def quiet_decoder() -> Iterator[None]:
    """Let Pillow's warnings about odd files pass: what matters of them `read_image` says.

    Filters belong to the whole process, so this goes around the threads that read, never into them.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL")
        warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
        yield


def _refuse_size(image: Image.Image, name: str | PathLike[str]) -> None:
    """Refuse from the header, before anything is decoded."""
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise _refusal(name, f"has {width:,} × {height:,} pixels", _limit())
    if max(width, height) > LONGEST_SHAPE * min(width, height):
        limit = f"images of up to {LONGEST_SHAPE} times their shorter side are read; cut it"
        raise _refusal(name, f"has {width:,} × {height:,} pixels", limit)


def _refuse_missing_end(kind: str | None, data: bytes) -> None:
    """Refuse a JPEG or PNG that was cut short: decoders may fill the rest with grey, and say nothing."""
    if (kind == "PNG" and data.rfind(b"IEND") < data.rfind(b"IDAT")) or (
        kind in ("JPEG", "MPO") and not _jpeg_has_end(data)
    ):
        raise ValueError("it ends before the picture does")


def _jpeg_has_end(data: bytes) -> bool:
    """Whether its first picture ends after its pixels; cameras put films and more behind it, which may hold anything.

    Segments are passed over by their lengths, for a small picture may stand in one, with an end of its own.
    """
    at, has_pixels = 2, False
    while found := JPEG_MARKER.search(data, at):
        at, kind = found.end(), data[found.end() - 1]
        if kind == END_OF_PICTURE:
            return has_pixels
        if kind != START_OF_PICTURE:
            at += int.from_bytes(data[at : at + 2], "big")
        has_pixels |= kind == START_OF_SCAN
    return False


def _pixels(image: Image.Image) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """(H, W, C) of a decoded image, by the table above; an array that may be written to."""
    sixteen_bits = image.mode.startswith("I")
    upright = ImageOps.exif_transpose(image)
    if sixteen_bits:
        wide = np.asarray(upright).astype(np.int64).clip(0, 65535)
        wide[wide == upright.info.get("transparency", -1)] = 65535
        return ((wide + 128) // 257).astype(np.uint8)[:, :, None]
    grey = upright.mode in GREY
    if upright.mode in WITH_ALPHA or "transparency" in upright.info:
        alpha = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", alpha.size, "white"), alpha)
    return np.array(upright.convert("L" if grey else "RGB")).reshape(upright.height, upright.width, -1)


def _what_it_is(data: bytes) -> str:
    start = data[:64].lstrip().lower()
    known = next((what for sign, what in OTHER_FILES if start.startswith(sign)), None)
    if known is None and len(start) >= 3 and all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in start):
        known = "a text"
    return f"is {known}" if known else "is of no known image format"


def _limit() -> str:
    return f"images of up to {MOST_PIXELS:,} pixels are read; scale it down first"


def _refusal(name: str | PathLike[str], what: str, remedy: str) -> ImageError:
    return ImageError(f"{on_one_line(name)} {on_one_line(what)}\n{remedy}")
