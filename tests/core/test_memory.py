"""How much memory is free: of the machine, and below the limits of control groups."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from resnetlab.core import memory
from resnetlab.core.errors import ResnetlabError

GIGABYTE = 2**30


def write(folder: Path, files: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(f"{text}\n")


def test_container_of_version_2(tmp_path: Path) -> None:
    write(tmp_path / "pod" / "box", {"memory.max": "max", "memory.current": 1})
    stat = f"anon 5\ninactive_file {GIGABYTE}\nslab 7"
    write(tmp_path / "pod", {"memory.max": 4 * GIGABYTE, "memory.current": 3 * GIGABYTE, "memory.stat": stat})
    (tmp_path / "own").write_text("0::/pod/box\n")
    assert memory._free_of_groups(tmp_path, tmp_path / "own") == [2 * GIGABYTE]


def test_container_of_version_1_that_does_not_see_its_own_path(tmp_path: Path) -> None:
    write(tmp_path / "memory", {"memory.limit_in_bytes": 2 * GIGABYTE, "memory.usage_in_bytes": GIGABYTE})
    (tmp_path / "own").write_text("5:devices:/docker/ab12\n4:memory:/docker/ab12\n")
    assert memory._free_of_groups(tmp_path, tmp_path / "own") == [GIGABYTE]


def test_more_used_than_allowed_is_nothing_free(tmp_path: Path) -> None:
    write(tmp_path, {"memory.max": 5, "memory.current": 9})
    (tmp_path / "own").write_text("0::/\n")
    assert memory._free_of_groups(tmp_path, tmp_path / "own") == [0]


def test_no_groups(tmp_path: Path) -> None:
    assert memory._free_of_groups(tmp_path, tmp_path / "own") == []


def test_the_smallest_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_free_of_machine", lambda: 9)
    monkeypatch.setattr(memory, "_free_of_groups", lambda: [7, 8])
    assert memory.free_memory("cpu") == 7


GPU_IS_FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")


@pytest.mark.parametrize("error", [GPU_IS_FULL, MemoryError()], ids=["a GPU", "Python"])
def test_memory_that_runs_out_is_told_in_two_lines(error: Exception) -> None:
    said = "the memory of cuda does not hold a batch\ngive a smaller one"
    with pytest.raises(ResnetlabError, match=said), memory.told_of_memory("cuda", "a batch", "give a smaller one"):
        raise error


def test_memory_that_the_processor_lacks_is_told_and_other_errors_are_not() -> None:
    with pytest.raises(ResnetlabError, match="does not hold"), memory.told_of_memory("cpu", "it", "give less"):
        torch.empty(2**60, dtype=torch.uint8)
    with pytest.raises(RuntimeError, match="sizes"), memory.told_of_memory("cpu", "it", "give less"):
        raise RuntimeError("sizes differ")


def test_no_more_than_the_machine_has() -> None:
    free = memory.free_memory("cpu")
    if free is None:
        pytest.skip("this system does not tell")
    assert 0 < free <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
