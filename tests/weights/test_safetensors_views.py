"""Tensors cut from one view of a safetensors file are those that the library makes one by one."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save
from torch import Tensor

from resnetlab.weights.reading import read_checkpoint

MIXED = {
    "whole": torch.arange(4),
    "single": torch.linspace(0, 1, 3),
    "half": torch.linspace(0, 1, 5).half(),
    "bytes": torch.arange(3, dtype=torch.uint8),
    "yes or no": torch.tensor([True, False]),
}


def by_hand(header: dict[str, dict[str, object]], data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


FILES = {
    "no tensors": save({}),
    "a number": save({"a": torch.tensor(3), "b": torch.tensor(2.5)}),
    "tensors without values": save({"a": torch.zeros(0, 3), "b": torch.ones(2), "c": torch.zeros(3, 0)}),
    "all usual types": save(MIXED),
    "a type that is not usual": save({**MIXED, "of 64 bits": torch.tensor([1, 2**63], dtype=torch.uint64)}),
    "8 bits of exponent": save({"a": torch.linspace(0, 1, 3).to(torch.bfloat16), "b": torch.zeros(1)}),
    "numbers at odd places": by_hand(
        {
            "bytes": {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]},
            "single": {"dtype": "F32", "shape": [1, 2], "data_offsets": [3, 11]},
        },
        b"abc" + struct.pack("<2f", 1.5, -2.5),
    ),
    "names in another order than numbers": by_hand(
        {
            "later": {"dtype": "F32", "shape": [1], "data_offsets": [8, 12]},
            "earlier": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]},
        },
        struct.pack("<df", 1.5, -2.5),
    ),
}


def told(tensors: dict[str, Tensor]) -> dict[str, tuple[object, ...]]:
    return {name: (one.dtype, tuple(one.shape), one.tolist()) for name, one in tensors.items()}


@pytest.mark.parametrize("name", FILES)
def test_they_are_what_the_library_reads(name: str, tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    file.write_bytes(FILES[name])
    assert told(read_checkpoint(file)) == told(load_file(file))


def test_they_are_neighbours_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    file.write_bytes(save({"a": torch.ones(5), "b": torch.ones(7)}))
    first, second = read_checkpoint(file).values()
    assert second.data_ptr() == first.data_ptr() + first.nbytes
