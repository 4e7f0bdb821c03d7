"""A damaged file of weights never loads in silence: it is refused, or what is loaded is what was saved."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from resnetlab import create_model
from resnetlab.core.errors import CheckpointError, WeightsError
from resnetlab.weights import load_checkpoint, save
from resnetlab.weights.reading import file_sha256
from twins import enliven

# A sixth of the figures promised, and all of them in the long sweep.
truncations = pytest.mark.parametrize("truncations", [33, pytest.param(200, marks=pytest.mark.full)])
flips = pytest.mark.parametrize("flips", [160, pytest.param(1_000, marks=pytest.mark.full)])


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    return enliven(create_model("resnet20", width=4, depths="1/1/1"), torch.randn(4, 3, 32, 32)).eval()


def in_two_files(model: nn.Module, folder: Path) -> Path:
    return save(model, folder)


def alone_in_safetensors(model: nn.Module, folder: Path) -> Path:
    return shutil.move(save(model, folder / "made"), folder / "net.safetensors")


def in_a_zip(model: nn.Module, folder: Path) -> Path:
    torch.save({"state_dict": model.state_dict()}, folder / "net.pth")
    return folder / "net.pth"


def in_the_legacy_format_with_its_hash(model: nn.Module, folder: Path) -> Path:
    torch.save(model.state_dict(), folder / "net.th", _use_new_zipfile_serialization=False)
    return shutil.move(folder / "net.th", folder / f"net-{file_sha256(folder / 'net.th')[:16]}.th")


CONTAINERS: list[Callable[[nn.Module, Path], Path]] = [
    in_two_files,
    alone_in_safetensors,
    in_a_zip,
    in_the_legacy_format_with_its_hash,
]
containers = pytest.mark.parametrize("write", CONTAINERS, ids=lambda write: write.__name__)


def loads_wrongly(file: Path, model: nn.Module) -> bool:
    """Whether the file loads, and not as it was saved."""
    try:
        found = load_checkpoint(file)
    except (CheckpointError, WeightsError):
        return False
    expected = model.state_dict()
    same = all(torch.equal(tensor, expected[key]) for key, tensor in found.state_dict().items())
    return not same or replace(found.spec, name="") != replace(model.spec, name="")


@truncations
@containers
def test_a_file_cut_short_anywhere_is_refused(
    write: Callable, model: nn.Module, truncations: int, tmp_path: Path
) -> None:
    file = write(model, tmp_path)
    whole = file.read_bytes()
    assert not loads_wrongly(file, model)
    for part in range(truncations):
        file.write_bytes(whole[: len(whole) * part // truncations])
        with pytest.raises(CheckpointError):
            load_checkpoint(file)


@flips
@containers
def test_a_flipped_bit_is_never_loaded_in_silence(
    write: Callable, model: nn.Module, flips: int, tmp_path: Path
) -> None:
    file, chance = write(model, tmp_path), random.Random(0)
    whole = file.read_bytes()
    silent = []
    for _ in range(flips):
        spoiled, place = bytearray(whole), chance.randrange(len(whole))
        spoiled[place] ^= 1 << chance.randrange(8)
        file.write_bytes(spoiled)
        if loads_wrongly(file, model):
            silent.append(place)
    assert not silent


def test_a_damaged_tensor_is_called_a_checksum_error(model: nn.Module, tmp_path: Path) -> None:
    file = save(model, tmp_path)
    whole = bytearray(file.read_bytes())
    whole[-5] ^= 1
    file.write_bytes(whole)
    with pytest.raises(CheckpointError, match=r"checksum error: .*tells the hash xxh3_128:"):
        load_checkpoint(tmp_path)


@flips
def test_a_flipped_bit_beside_the_weights_changes_nothing_in_silence(
    model: nn.Module, flips: int, tmp_path: Path
) -> None:
    """What is beside them stands in their header too, which is taken where it is whole."""
    save(model, tmp_path, classes=tuple("abcdefghij"))
    description, chance = tmp_path / "model.json", random.Random(0)
    whole, card = description.read_bytes(), load_checkpoint(tmp_path).card
    for _ in range(flips // 5):
        spoiled = bytearray(whole)
        spoiled[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        description.write_bytes(spoiled)
        found = load_checkpoint(tmp_path).card
        assert replace(found, assumptions=()) == card
        assert found.assumptions == (
            "model.json beside the weights is not theirs, so what their header tells was taken",
        )


def test_a_name_that_ends_in_another_hash_is_told_but_a_date_is_none(model: nn.Module, tmp_path: Path) -> None:
    file = save(model, tmp_path)
    shutil.copy(file, tmp_path / "net-20151210.safetensors")
    load_checkpoint(tmp_path / "net-20151210.safetensors")
    shutil.copy(file, tmp_path / "net-0123abcd.safetensors")
    with pytest.raises(CheckpointError, match="its name says that its SHA-256 begins with 0123abcd") as refusal:
        load_checkpoint(tmp_path / "net-0123abcd.safetensors")
    assert "rename it" in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n", b"PK\x03\x04"])
def test_what_is_no_file_of_weights_is_said_to_be_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "net.pth").write_bytes(content)
    with pytest.raises(CheckpointError, match="is damaged, or no file of weights"):
        load_checkpoint(tmp_path / "net.pth")


@pytest.mark.parametrize("place", ["nowhere.pth", "."])
def test_where_no_weights_are_that_is_said(place: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"cannot be read: No such file|no weights in the folder"):
        load_checkpoint(tmp_path / place)
