"""Image files made by hand or by Pillow, sound ones and spoiled ones."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

RANDOM = np.random.default_rng(0)
PICTURE = Image.fromarray(RANDOM.integers(0, 256, (48, 64, 3), dtype=np.uint8))


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *extra: tuple[bytes, bytes]) -> bytes:
    """A PNG of unfiltered rows (each begins with a zero byte), with chunks of its own before the pixels."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", head), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def filled(mode: str, colour: Any, size: tuple[int, int] = (16, 16)) -> Image.Image:
    return Image.new(mode, size, colour)


def palette(*colours: tuple[int, int, int]) -> Image.Image:
    """One row of pixels, each of the next colour of its palette."""
    image = Image.new("P", (len(colours), 1))
    image.putpalette([value for colour in colours for value in colour])
    image.putdata(range(len(colours)))
    return image


SOUND: dict[str, bytes] = {
    "JPEG": encoded(PICTURE, "JPEG"),
    "progressive JPEG": encoded(PICTURE, "JPEG", progressive=True),
    "PNG": encoded(PICTURE, "PNG"),
    "BMP": encoded(PICTURE, "BMP"),
    "GIF": encoded(PICTURE, "GIF"),
    "WEBP": encoded(PICTURE, "WEBP"),
    "lossless WEBP": encoded(PICTURE, "WEBP", lossless=True),
}

CUTS: dict[str, Callable[[bytes], bytes]] = {
    "only the first bytes": lambda data: data[:12],
    "half": lambda data: data[: len(data) // 2],
    "nearly whole": lambda data: data[: len(data) * 95 // 100],
}


def with_zeros(data: bytes) -> bytes:
    """The right length, as a download leaves it that took its room beforehand and was broken off."""
    return data[: len(data) // 2] + bytes(len(data) - len(data) // 2)


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


SPOILED: dict[str, bytes] = {
    **{f"{cut} of a {kind}": spoil(SOUND[kind]) for kind in SOUND for cut, spoil in CUTS.items()},
    **{f"{kind} with zeros": with_zeros(SOUND[kind]) for kind in ("JPEG", "progressive JPEG", "PNG")},
    "JPEG without its last two bytes": SOUND["JPEG"][:-2],
    "nothing": b"",
    "a text": b"this is no image\n",
    "a web page": b"<!DOCTYPE html><html><body>404</body></html>",
    "an SVG": b'<svg xmlns="http://www.w3.org/2000/svg"></svg>',
    "JSON": b'{"error": "not found"}',
    "a PDF": b"%PDF-1.7\n",
    "a TIFF": encoded(PICTURE, "TIFF"),
    "a ZIP archive": b"PK\x03\x04" + bytes(30),
    "a gzip archive": b"\x1f\x8b\x08" + bytes(30),
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    "zeros": bytes(1000),
    "noise": RANDOM.bytes(1000),
    "PNG of no width": png(0, 4, 8, 0, b""),
    "PNG with a wrong checksum": flipped(SOUND["PNG"], 20),
    "PNG with a flipped bit": flipped(SOUND["PNG"], len(SOUND["PNG"]) // 2),
    "PNG longer than 100 times its width": png(1, 101, 8, 0, b"\0\0" * 101),
}
