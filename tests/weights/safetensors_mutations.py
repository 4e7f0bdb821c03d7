"""Reads mutated copies of a safetensors file and counts what comes of it; run in a process of its own.

    python safetensors_mutations.py FILE COUNT

FILE was written by `resnetlab.weights.save`. Prints JSON: how many were refused and how many loaded as saved, which
loaded wrongly or failed otherwise, and by how many bytes the process grew.
"""

from __future__ import annotations

import json
import random
import resource
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from resnetlab.core.errors import ResnetlabError
from resnetlab.weights import load_checkpoint

EDITS = [
    ('"dtype":"F32"', '"dtype":"F64"'),
    ('"dtype":"F32"', '"dtype":"F7"'),
    ('"shape":[', '"shape":[9223372036854775807,'),
    ('"shape":[', '"shape":[-1,'),
    ('"data_offsets":[0,', '"data_offsets":[9999999999999,'),
    ('"data_offsets":[', '"data_offsets":[1'),
    ('"data_offsets":[', '"data_offsets":[[[['),
    ("conv1.weight", "../../conv1.weight"),
    ("conv1.weight", "bn1.weight"),
    ("{", "[" * 5000),
    ("{", '{"a":' * 500),
    ('"__metadata__"', '"__metadata"'),
    ("resnetlab", "\\u0000"),
]


def flip(data: bytearray, chance: random.Random, within: int) -> bytearray:
    for _ in range(chance.choice((1, 1, 2, 8))):
        data[chance.randrange(within)] ^= 1 << chance.randrange(8)
    return data


def mutate(whole: bytes, chance: random.Random) -> bytes:
    """The file with one of seven kinds of damage, most of it in the header."""
    length = struct.unpack("<Q", whole[:8])[0]
    header, body = whole[8 : 8 + length], whole[8 + length :]
    place = chance.randrange(8, 8 + length)
    kinds: list[Callable[[], bytes]] = [
        lambda: bytes(flip(bytearray(whole), chance, len(whole))),
        lambda: bytes(flip(bytearray(whole), chance, 8 + length)),
        lambda: whole[: chance.randrange(len(whole))],
        lambda: struct.pack("<Q", chance.choice((0, 1, length - 1, length + 1, 10**8, 2**63, 2**64 - 1))) + whole[8:],
        lambda: whole[:place] + chance.randbytes(chance.randrange(1, 64)) + whole[place:],
        lambda: whole[:place] + whole[place + chance.randrange(1, 64) :],
        lambda: _edited(header, body, *chance.choice(EDITS)),
    ]
    return chance.choice(kinds)()


def _edited(header: bytes, body: bytes, old: str, new: str) -> bytes:
    text = header.decode().replace(old, new, 1).encode()
    return struct.pack("<Q", len(text)) + text + body


def memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(file: Path, count: int) -> dict[str, object]:
    whole, chance = file.read_bytes(), random.Random(0)
    expected, before = load_checkpoint(file).state_dict(), memory()
    told: dict[str, list[str]] = {"refused": [], "as saved": [], "wrongly": [], "otherwise": []}
    for number in range(count):
        file.write_bytes(mutate(whole, chance))
        try:
            found = load_checkpoint(file).state_dict()
            same = all(torch.equal(tensor, expected[key]) for key, tensor in found.items())
            told["as saved" if same else "wrongly"].append(str(number))
        except ResnetlabError:
            told["refused"].append(str(number))
        except BaseException as error:
            told["otherwise"].append(f"{number}: {type(error).__name__}: {str(error)[:200]}")
    return {**told, "refused": len(told["refused"]), "as saved": len(told["as saved"]), "grown": memory() - before}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
