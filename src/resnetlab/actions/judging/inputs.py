"""What the words after `resnetlab predict MODEL` stand for: files, folders, patterns, and what a pipe brings."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path

from jaxtyping import UInt8
from torch import Tensor

from resnetlab.core.errors import ResnetlabError
from resnetlab.core.terminal import on_one_line
from resnetlab.data.folders import count_other_files, image_files, other_files_remark
from resnetlab.data.images import FORMATS, decode_image, read_image

PIPE = "-"
SIGNS = (b"\xff\xd8\xff", b"\x89PNG", b"BM", b"GIF8", b"RIFF")


@dataclass(frozen=True)
class Input:
    """One image to look at.

    Args:
        name: its path; - for an image that comes through the pipe.
        read: gives the image, or raises an ImageError.
    """

    name: str
    read: Callable[[], UInt8[Tensor, "c h w"]]


def find_inputs(words: str | PathLike[str] | Sequence[str | PathLike[str]]) -> list[Input]:
    """The images that the words stand for, in the order of the words; each file once.

    Args:
        words: a file; a folder, for every image below it; a pattern as *.jpg; or - for standard input, which brings
            either one image or paths, one a line or parted by zero bytes.

    Raises:
        ResnetlabError: a word stands for nothing.
    """
    found: dict[str, Input] = {}
    for word in [words] if isinstance(words, str | PathLike) else words:
        for one in _of_word(os.fspath(word)):
            found.setdefault(one.name, one)
    if not found:
        raise ResnetlabError(f"no image is given\nname a file, a folder, a pattern, or {PIPE} for standard input")
    return list(found.values())


def _of_word(word: str) -> list[Input]:
    if word == PIPE:
        return _of_pipe(sys.stdin.buffer.read())
    path = Path(word)
    if os.path.isdir(path):  # Path.is_dir raises for what no system could name
        return _of_folder(path)
    if os.path.lexists(path):
        return [_of_file(path)]
    matches = sorted(glob.glob(word, recursive=True)) if glob.has_magic(word) and "\0" not in word else []
    if not matches:
        raise ResnetlabError(f"there is no file, folder or match for {on_one_line(word)}\nname an image or a folder")
    return [
        one for match in map(Path, matches) for one in ([_of_file(match)] if match.is_file() else image_inputs(match))
    ]


def left_out(words: str | PathLike[str] | Sequence[str | PathLike[str]]) -> tuple[str, ...]:
    """What is said of files in the folders among the words that are no images by their ending: a sentence, or none."""
    given = [words] if isinstance(words, str | PathLike) else words
    return other_files_remark(sum(map(count_other_files, filter(os.path.isdir, map(Path, given)))))


def image_inputs(folder: Path) -> list[Input]:
    """Every image below a folder."""
    return list(map(_of_file, image_files(folder)))


def _of_folder(folder: Path) -> list[Input]:
    found = image_inputs(folder)
    if not found:
        raise ResnetlabError(
            f"the folder {on_one_line(folder)} holds no image\nread are {', '.join(FORMATS)}, by name"
        )
    return found


def _of_file(path: Path) -> Input:
    return Input(str(path), partial(read_image, path))


def _of_pipe(data: bytes) -> list[Input]:
    """One image, told by how it begins, else paths; those are reported one by one where they lead nowhere."""
    if not data.strip():
        raise ResnetlabError("nothing came through standard input\npipe an image into it, or paths, one a line")
    if data.startswith(SIGNS):
        return [Input(PIPE, partial(decode_image, data, "standard input"))]
    lines = data.split(b"\0") if b"\0" in data else data.splitlines()
    return [_of_file(Path(os.fsdecode(line))) for line in lines if line]
