"""What is no whole image is refused by name, in three lines, and before it can fill the memory."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageFile

from image_bytes import SOUND, SPOILED, encoded, filled, flipped, png
from resnetlab.core.errors import ImageError
from resnetlab.data.images import MOST_PIXELS, decode_image, read_image

MOST_MEGABYTES = 100


def test_the_corpus_has_forty_files() -> None:
    assert len(SPOILED) >= 40


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_file_is_refused_by_name(name: str, tmp_path: Path) -> None:
    file = tmp_path / "holiday.jpg"
    file.write_bytes(SPOILED[name])
    with pytest.raises(ImageError) as caught:
        read_image(file)
    lines = str(caught.value).splitlines()
    assert str(file) in lines[0]
    assert 2 <= len(lines) <= 3


WHAT = {
    "a text": "is a text",
    "a web page": "is a web page",
    "a TIFF": "is a TIFF image",
    "a Git LFS pointer": "pointer of Git LFS",
    "nothing": "is empty",
    "half of a JPEG": "is damaged",
    "noise": "no known image format",
}


@pytest.mark.parametrize("name", WHAT)
def test_the_message_says_what_it_is_instead(name: str) -> None:
    with pytest.raises(ImageError, match=WHAT[name]):
        decode_image(SPOILED[name], "holiday.jpg")


@pytest.mark.parametrize("kind", ["JPEG", "progressive JPEG", "PNG", "BMP", "GIF", "WEBP", "lossless WEBP"])
def test_a_file_cut_anywhere_gives_its_whole_picture_or_none(kind: str) -> None:
    data = SOUND[kind]
    whole = decode_image(data, kind)
    refused, lengths = 0, range(0, len(data), 1 + len(data) // 200)
    for length in lengths:
        try:
            assert (decode_image(data[:length], kind) == whole).all()
        except ImageError:
            refused += 1
    assert refused > 0.95 * len(lengths)


def test_a_cut_file_is_refused_even_where_pillow_is_told_to_be_lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    for kind in ("JPEG", "PNG"):
        with pytest.raises(ImageError):
            decode_image(SPOILED[f"half of a {kind}"], kind)


def with_thumbnail(data: bytes) -> bytes:
    """With a small picture in a segment of its own, as cameras put it into EXIF."""
    small = encoded(filled("RGB", 0), "JPEG")
    return data[:2] + b"\xff\xe5" + struct.pack(">H", 2 + len(small)) + small + data[2:]


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    whole = with_thumbnail(SOUND["JPEG"])
    assert (decode_image(whole, "holiday.jpg") == decode_image(SOUND["JPEG"], "plain.jpg")).all()
    with pytest.raises(ImageError, match="ends before the picture does"):
        decode_image(whole[:-100], "holiday.jpg")


def test_every_flipped_bit_in_the_pixels_of_a_png_is_found() -> None:
    data = SOUND["PNG"]
    for at in range(data.index(b"IDAT") + 4, len(data) - 16, 97):
        with pytest.raises(ImageError):
            decode_image(flipped(data, at), "flipped")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path, why in (
        (tmp_path, "is no file"),
        (Path("/dev/zero"), "is no file"),
        (tmp_path / "gone", "No such file"),
        (tmp_path / ("long" * 1000), "File name too long"),
        (tmp_path / "zero\0byte", "null byte"),
    ):
        with pytest.raises(ImageError, match=why):
            read_image(path)


def test_the_largest_image_that_is_read_is_stated() -> None:
    side = 8001
    assert side * side > MOST_PIXELS
    with pytest.raises(ImageError, match=r"8,001 × 8,001 pixels\nimages of up to 64,000,000 pixels"):
        decode_image(png(side, side, 8, 0, b""), "wide.png")


def bombs(folder: Path) -> list[Path]:
    """Small files that would unpack to gigabytes."""
    side = 40_000
    rows = bytes((1 + side // 8) * side)
    gif = bytearray(encoded(filled("P", 0), "GIF"))
    gif[6:10] = struct.pack("<HH", 60_000, 60_000)
    at = gif.index(b"\x2c", 13 + 3 * 2)
    gif[at + 5 : at + 9] = struct.pack("<HH", 60_000, 60_000)
    made = {
        "grey.png": png(side, side, 1, 0, rows),
        "colour.png": png(9_000, 9_000, 8, 2, bytes((1 + 3 * 9_000) * 9_000)),
        "screen.gif": bytes(gif),
        "flat.webp": encoded(
            Image.new("L", (9_000, 9_000)).convert("RGB"), "WEBP", lossless=True, method=0, quality=0
        ),
    }
    for name, data in made.items():
        (folder / name).write_bytes(data)
        assert len(data) < 1_000_000
    return [folder / name for name in made]


MEASURE = """
import resource, sys, warnings
from resnetlab.core.errors import ImageError
from resnetlab.data.images import quiet_decoder, read_image
read_image(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for bomb in sys.argv[2:]:
    with quiet_decoder():
        try:
            read_image(bomb)
        except ImageError as error:
            assert "pixels" in str(error), error
        else:
            raise SystemExit(f"{bomb} was read")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def test_a_bomb_is_refused_from_its_header(tmp_path: Path) -> None:
    small = tmp_path / "small.png"
    small.write_bytes(SOUND["PNG"])
    command = [sys.executable, "-c", MEASURE, small, *bombs(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert float(said.stdout) < MOST_MEGABYTES
