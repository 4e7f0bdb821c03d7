"""Files of weights, read without running what they may contain, and checked for damage where they carry a checksum.

| container | read by | damage is found by |
| --- | --- | --- |
| safetensors | the safetensors library | its header's lengths; where resnetlab saved it, a checksum of all tensors |
| zip, as `torch.save` writes it | `torch.load(weights_only=True)` | the CRC-32 of every entry |
| pickle, as `torch.save` did before 1.6 | `torch.load(weights_only=True)` | the hash in its name, if it has one |

A name that ends in a hash, as `resnet20-12fca82f.th`, follows `torch.hub`: the first digits of the file's SHA-256.
Nothing ever falls back to a loading that could run code.
"""

from __future__ import annotations

import hashlib
import json
import math
import mmap
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from resnetlab.core.errors import CheckpointError
from resnetlab.core.files import WEIGHT_SUFFIXES

HASH_IN_NAME = re.compile(r"-(?=[0-9]*[a-f])(?=[a-f]*[0-9])([0-9a-f]{8,64})$")  # not a date, not a word
NO_WEIGHTS = {
    ".py": "a Python file, no weights\na network that it makes is FILE.py:FACTORY",
    **dict.fromkeys((".jpg", ".jpeg", ".png"), "an image, no weights\nthe network comes first, then the images"),
}
USUAL_KINDS = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
"""What safetensors calls the types of numbers that weights have."""
TAR_MAGIC = slice(257, 262)
REMEDY = "fetch or copy it again"
RESAVE = "where you trust it, load it there yourself and save its state_dict with safetensors.torch.save_file"


def read_checkpoint(path: Path | str) -> Any:
    """All that a file of weights holds: tensors, in whatever dicts its author put them.

    Args:
        path: of any suffix, for what is in it is told by its content.

    Raises:
        CheckpointError: there is no such file, it is damaged, of no known format, or holds more than plain data.
    """
    file = Path(path)
    head = _head(file)
    if file.suffix in NO_WEIGHTS:
        raise CheckpointError(f"{file} is {NO_WEIGHTS[file.suffix]}")
    _check_hash_in_name(file)
    if _looks_like_safetensors(head):
        return _read_safetensors(file)
    if head[TAR_MAGIC] == b"ustar":
        raise _unsafe(file, "it is a tar archive, PyTorch's format before 0.2, which cannot be read safely")
    if head.startswith(b"PK"):
        _check_zip(file)
    elif file.suffix == ".safetensors":
        raise _damaged(file, "it does not begin as a safetensors file does")
    return _read_by_torch(file)


def shows_damage(file: Path) -> bool:
    """Whether damage to a file would have been noticed while it was read: in an archive, or by a hash in its name."""
    return HASH_IN_NAME.search(file.stem) is not None or _head(file).startswith(b"PK")


def file_sha256(file: Path) -> str:
    """The file's SHA-256 in hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            head = stream.read(512)
    except OSError as error:
        raise CheckpointError(f"{file} cannot be read: {error.strerror}\ngive a file of weights") from error
    if not head:
        raise _damaged(file, "it is empty")
    return head


def _looks_like_safetensors(head: bytes) -> bool:
    """Eight bytes of length, then a JSON object."""
    return len(head) > 8 and head[8:9] == b"{" and head[6:8] == b"\0\0"


def _read_safetensors(file: Path) -> dict[str, torch.Tensor]:
    """The tensors as views of the file, which are to be copied: they change when it does."""
    try:
        with safe_open(file, framework="pt") as opened:
            told = {name: opened.get_slice(name) for name in opened.offset_keys()}
        kinds = [USUAL_KINDS.get(one.get_dtype()) for one in told.values()]
        shapes = [one.get_shape() for one in told.values()]
        if None in kinds:
            return load_file(file)
        return dict(zip(told, _cut(file, list(filter(None, kinds)), shapes), strict=True))
    except (SafetensorError, OSError, ValueError, RuntimeError, KeyError, json.JSONDecodeError) as error:
        raise _damaged(file, _first_line(error)) from error


def _cut(file: Path, kinds: list[torch.dtype], shapes: list[list[int]]) -> list[torch.Tensor]:
    """Tensors that follow each other without gaps up to a file's end, which the library sees to when it opens one.

    All are cut from one view, a third of the time that the library takes to make them one by one.
    """
    with file.open("rb") as stream:
        mapped = torch.frombuffer(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY), dtype=torch.uint8)
    lengths = [kind.itemsize * math.prod(shape) for kind, shape in zip(kinds, shapes, strict=True)]
    pieces = mapped[len(mapped) - sum(lengths) :].split(lengths)
    return [
        (piece.clone() if piece.data_ptr() % kind.itemsize else piece).view(kind).view(shape)
        for piece, kind, shape in zip(pieces, kinds, shapes, strict=True)
    ]


def _check_hash_in_name(file: Path) -> None:
    said = HASH_IN_NAME.search(file.stem)
    if said is None:
        return
    found = file_sha256(file)
    if not found.startswith(said[1]):
        raise CheckpointError(
            f"{file}: checksum error: its name says that its SHA-256 begins with {said[1]}, it is {found[:16]}…\n"
            f"{REMEDY}; if those digits are no hash, rename it"
        )


def _check_zip(file: Path) -> None:
    """Every entry's CRC-32, which PyTorch itself does not look at; entries are stored, so none can swell."""
    try:
        with zipfile.ZipFile(file) as archive:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                raise _unsafe(file, "it is a compressed archive, which torch.save never writes")
            if any(Path(name).name == "constants.pkl" for name in archive.namelist()):
                raise _unsafe(file, "it is a TorchScript program, not weights")
            spoiled = archive.testzip()
    except CheckpointError:
        raise
    except Exception as error:  # a spoiled archive may fail in any way
        raise _damaged(file, f"checksum error: {_first_line(error)}") from error
    if spoiled is not None:
        raise _damaged(file, f"checksum error in {spoiled!r}")


def _read_by_torch(file: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about storages of old files, which are read all the same
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a spoiled pickle may fail in any way; what it asked to run was not run
        refused = re.search(r"GLOBAL ([\w.]+)", str(error))
        if refused:
            raise _unsafe(file, f"it asks to run {refused[1]} while it is read") from error
        raise _damaged(file, f"PyTorch cannot read it ({type(error).__name__})") from error


def _first_line(error: Exception) -> str:
    """
    >>> _first_line(KeyError("a"))
    "KeyError: 'a'"
    """
    words = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
    return words if isinstance(error, RuntimeError | OSError | SafetensorError) else f"{type(error).__name__}: {words}"


def _damaged(file: Path, reason: str) -> CheckpointError:
    return CheckpointError(
        f"{file} is damaged, or no file of weights: {reason}\n{REMEDY}; read are: {', '.join(WEIGHT_SUFFIXES)}"
    )


def _unsafe(file: Path, reason: str) -> CheckpointError:
    return CheckpointError(f"{file} is refused: {reason}\n{RESAVE}")
