"""Odd images come out as documented; the pixels are stated here or computed with NumPy."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

import image_bytes
from image_bytes import SOUND, encoded, filled, palette, png
from resnetlab.data.images import decode_image, read_image

RED, GREEN, BLUE, WHITE, HALF_RED = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (255, 127, 127)
LOSSY = 4  # grey levels by which a JPEG of one colour may miss it

# For each file: the colours of its pixels along the first row; one number for grey.
ODDITIES: dict[str, tuple[bytes, list[object]]] = {
    "grey of 16 bits": (
        encoded(Image.fromarray(np.array([[0, 257, 65278, 65535]], dtype=np.uint16)), "PNG"),
        [0, 1, 254, 255],
    ),
    "colour of 16 bits": (png(1, 1, 16, 2, b"\0\xff\xff\x80\x80\x01\x01"), [(255, 128, 1)]),
    "grey of 1 bit": (png(3, 1, 1, 0, b"\0\xa0"), [255, 0, 255]),
    "grey of 2 bits": (png(4, 1, 2, 0, b"\0\x1b"), [0, 85, 170, 255]),
    "grey with alpha": (png(2, 1, 8, 4, b"\0\0\x80\0\0"), [127, 255]),
    "grey with a transparent shade": (png(2, 1, 8, 0, b"\0\x07\x08", (b"tRNS", b"\0\x07")), [255, 8]),
    "grey of 16 bits with a transparent shade": (
        png(2, 1, 16, 0, b"\0\x01\x02\x01\x03", (b"tRNS", b"\x01\x02")),
        [255, 1],
    ),
    "colour with alpha": (png(2, 1, 8, 6, b"\0\xff\0\0\x80\0\0\0\0"), [HALF_RED, WHITE]),
    "colour with a transparent one": (
        png(2, 1, 8, 2, b"\0\1\2\3\4\5\6", (b"tRNS", b"\0\1\0\2\0\3")),
        [WHITE, (4, 5, 6)],
    ),
    "palette": (encoded(palette(RED, GREEN, BLUE), "PNG"), [RED, GREEN, BLUE]),
    "palette with alpha": (encoded(palette(RED, GREEN), "PNG", transparency=b"\x80\xff"), [HALF_RED, GREEN]),
    "GIF with a transparent colour": (encoded(palette(RED, GREEN), "GIF", transparency=0), [WHITE, GREEN]),
    "WEBP with alpha": (encoded(filled("RGBA", (*RED, 0)), "WEBP", lossless=True, exact=True), [WHITE] * 16),
    "animated GIF": (
        encoded(filled("RGB", RED), "GIF", save_all=True, append_images=[filled("RGB", BLUE)]),
        [RED] * 16,
    ),
    "animated PNG": (
        encoded(filled("RGB", RED), "PNG", save_all=True, append_images=[filled("RGB", BLUE)]),
        [RED] * 16,
    ),
    "animated WEBP": (
        encoded(filled("RGB", RED), "WEBP", save_all=True, append_images=[filled("RGB", BLUE)], lossless=True),
        [RED] * 16,
    ),
    "BMP": (encoded(filled("RGB", (1, 2, 3)), "BMP"), [(1, 2, 3)] * 16),
    "CMYK": (encoded(filled("CMYK", (0, 255, 255, 0)), "JPEG", quality=100), [RED] * 16),
    "grey JPEG": (encoded(filled("L", 77), "JPEG", quality=100), [77] * 16),
}


@pytest.mark.parametrize("name", ODDITIES)
def test_an_odd_image_comes_out_as_documented(name: str) -> None:
    data, first_row = ODDITIES[name]
    image = decode_image(data, name)
    assert image.dtype == torch.uint8
    wanted = np.array(first_row).reshape(len(first_row), -1)
    found = image[:, 0].T.numpy().astype(int)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= (LOSSY if data.startswith(b"\xff\xd8") else 0)


def as_ycck(data: bytes) -> bytes:
    """The same four channels, said to be YCCK in Adobe's marker."""
    at = data.index(b"Adobe") + 11
    assert data[at] == 0
    return data[:at] + b"\2" + data[at + 1 :]


def mixed(ink: tuple[int, ...]) -> list[float]:
    """Each ink takes its share of one colour of the light, and black of all."""
    return [(255 - one) * (255 - ink[3]) / 255 for one in ink[:3]]


def ink_of_ycck(stored: tuple[int, ...]) -> tuple[float, ...]:
    """Adobe's inverted inks: light by ITU-T T.871's formulas stands for what is left of the ink; black is inverted."""
    luma, blue, red = stored[0], stored[1] - 128, stored[2] - 128
    light = (luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue)
    return (*np.clip(light, 0, 255), 255 - stored[3])


@pytest.mark.parametrize("ink", [(0, 0, 0, 0), (10, 200, 90, 30), (0, 0, 0, 255), (254, 0, 0, 0), (179, 170, 0, 60)])
def test_four_inks_are_mixed(ink: tuple[int, ...]) -> None:
    data = encoded(filled("CMYK", ink), "JPEG", quality=100)
    stored = tuple(255 - one for one in ink)
    for file, wanted in ((data, mixed(ink)), (as_ycck(data), mixed(ink_of_ycck(stored)))):
        np.testing.assert_allclose(decode_image(file, "inks")[:, 0, 0], wanted, atol=2)


TURNED: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].swapaxes(0, 1),
    8: lambda stored: np.rot90(stored),
}


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_turned_image_is_set_upright(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.asarray(image_bytes.PICTURE)
    data = encoded(image_bytes.PICTURE, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    np.testing.assert_array_equal(decode_image(data, "turned").permute(1, 2, 0), TURNED[orientation](stored))


@pytest.mark.parametrize("kind", SOUND)
def test_an_ordinary_image_is_as_pillow_decodes_it(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "named.wrongly"
    file.write_bytes(SOUND[kind])
    np.testing.assert_array_equal(
        read_image(file).permute(1, 2, 0), np.asarray(Image.open(io.BytesIO(SOUND[kind])).convert("RGB"))
    )


def test_words_hidden_in_a_file_do_no_harm() -> None:
    words = PngImagePlugin.PngInfo()
    words.add_text("comment", "x" * 10_000, zip=True)
    assert decode_image(encoded(image_bytes.PICTURE, "PNG", pnginfo=words), "wordy").shape == (3, 48, 64)


TRAILERS = {
    "noise, as a film is": image_bytes.RANDOM.bytes(300_000),
    "a scan without an end": b"\xff\xda" * 1000,
    "another picture": SOUND["JPEG"],
    "half of another picture": SOUND["JPEG"][:1000],
    "zeros": bytes(1000),
}


@pytest.mark.parametrize("behind", TRAILERS)
@pytest.mark.parametrize("kind", ["JPEG", "progressive JPEG"])
def test_what_a_camera_puts_behind_a_picture_does_no_harm(kind: str, behind: str) -> None:
    found = decode_image(SOUND[kind] + TRAILERS[behind], "moving.jpg")
    assert torch.equal(found, decode_image(SOUND[kind], "still.jpg"))


NAMES = [
    *("plain.jpg", "a space.jpg", " leading.jpg", "naïve ☃.jpg", "日本語.jpg", "two\nlines.jpg", "tab\tbed.jpg"),
    *("quo'te\".jpg", "[brackets].jpg", "percent%s.jpg", "x" * 251 + ".jpg", os.fsdecode(b"caf\xe9.jpg")),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_may_have_any_name(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(SOUND["JPEG"])
    assert read_image(tmp_path / name).shape == (3, 48, 64)
