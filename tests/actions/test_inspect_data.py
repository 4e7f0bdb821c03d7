"""An inspection finds every fault that was planted, and tells what is there as other libraries count it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from image_bytes import SOUND, SPOILED
from picture_folders import TEMPLE, write_classes
from resnetlab import inspect_data
from resnetlab.actions.inspect_data import Inspection
from resnetlab.core.errors import OutputError
from resnetlab.data import load_data


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two classes, to train on 6 photographs of each, to test on 4; in all, no two the same."""
    monkeypatch.chdir(tmp_path)
    write_classes(tmp_path / "photos" / "train", count=6, side=40)
    write_classes(tmp_path / "photos" / "test", count=4, side=44)
    return tmp_path / "photos"


def inspected(folder: Path) -> Inspection:
    return inspect_data(f"imagefolder:{folder}", quiet=True, exist_ok=True, output="found")


def test_what_is_there_is_counted(photos: Path) -> None:
    found = inspected(photos)
    assert found.classes == ("flower", "temple")
    assert [(facts.split, facts.images, facts.per_class) for facts in found.splits] == [
        ("train", 12, (6, 6)),
        ("test", 8, (4, 4)),
    ]
    assert [facts.sizes for facts in found.splits] == [((40, 40, 12),), ((44, 44, 8),)]
    assert {facts.channels for facts in found.splits} == {((3, 12),), ((3, 8),)}
    assert found.wrong == ()


def test_mean_and_deviation_are_those_of_all_training_pixels(photos: Path) -> None:
    found = inspected(photos)
    pixels = np.concatenate([np.asarray(Image.open(file)) for file in (photos / "train").rglob("*.png")]) / 255
    assert found.mean == pytest.approx(pixels.mean((0, 1)), abs=1e-9)
    assert found.std == pytest.approx(pixels.std((0, 1)), abs=1e-9)


def test_values_of_the_embedded_digits_are_those_the_laboratory_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found, data = inspect_data("digits", quiet=True), load_data("digits")
    assert found.mean == pytest.approx((data.mean,), abs=1e-6)
    assert found.std == pytest.approx((data.std,), rel=1e-4)
    assert sum(facts.images for facts in found.splits) == 1797


def plant_in_two_splits(photos: Path) -> None:
    shutil.copy(photos / "train" / "temple" / "1.png", photos / "test" / "temple" / "again.png")


def plant_in_another_format(photos: Path) -> None:
    Image.open(photos / "train" / "temple" / "1.png").save(photos / "test" / "temple" / "again.bmp")


def plant_in_two_classes(photos: Path) -> None:
    shutil.copy(photos / "train" / "temple" / "1.png", photos / "train" / "flower" / "again.png")


def plant_spoiled_files(photos: Path) -> None:
    for number, data in enumerate(SPOILED.values()):
        (photos / "train" / "flower" / f"spoiled{number}.jpg").write_bytes(data)


def plant_a_class_more(photos: Path) -> None:
    (photos / "train" / "ant").mkdir()
    Image.fromarray(TEMPLE[:7, :7]).save(photos / "train" / "ant" / "1.png")


FAULTS = {
    "in two splits": (plant_in_two_splits, "in more than one split: 1 picture;"),
    "in two splits, in another format": (plant_in_another_format, "in more than one split: 1 picture;"),
    "in two classes": (plant_in_two_classes, "in more than one class: 1 picture"),
    "not readable": (plant_spoiled_files, f"{len(SPOILED)} images cannot be read"),
    "a class in one split only": (plant_a_class_more, "classes are missing in the test split"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_no_other(name: str, photos: Path) -> None:
    plant, said = FAULTS[name]
    plant(photos)
    (sentence,) = inspected(photos).wrong
    assert sentence.startswith(said)


def test_copies_within_a_class_are_told_and_are_no_fault(photos: Path) -> None:
    shutil.copy(photos / "train" / "temple" / "1.png", photos / "train" / "temple" / "again.png")
    found = inspected(photos)
    (group,) = found.duplicates
    assert [Path(copy.path).name for copy in group] == ["1.png", "again.png"]
    assert {(copy.split, copy.label) for copy in group} == {("train", "temple")}
    assert found.wrong == ()


def test_a_picture_that_was_compressed_anew_is_another_one(photos: Path) -> None:
    Image.open(photos / "train" / "temple" / "1.png").save(photos / "test" / "temple" / "again.jpg")
    assert inspected(photos).duplicates == ()


def test_each_unreadable_file_is_named_with_its_reason(photos: Path) -> None:
    plant_spoiled_files(photos)
    unreadable = inspected(photos).splits[0].unreadable
    assert len(unreadable) == len(SPOILED) >= 40
    assert all(Path(one.path).name in one.reason for one in unreadable)


def test_a_folder_that_is_not_split_is_one_part(photos: Path) -> None:
    found = inspected(photos / "train")
    assert [(facts.split, facts.images) for facts in found.splits] == [("all", 12)]
    assert found.wrong == ()


def test_copies_in_a_folder_that_training_will_split_are_a_fault(photos: Path) -> None:
    shutil.copy(photos / "train" / "temple" / "1.png", photos / "train" / "temple" / "again.png")
    (sentence,) = inspected(photos / "train").wrong
    assert sentence == "there twice: 1 picture; training may put the copies into two parts"


def test_nothing_readable_at_all_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("cat", "dog"):
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / "1.jpg").write_bytes(b"")
    found = inspected(tmp_path / "data")
    assert (found.mean, found.std) == ((), ())
    assert found.wrong == ("2 images cannot be read",)
    assert not (found.folder / "contact_sheet.png").exists()


def test_what_was_found_is_kept_beside_the_sheet(photos: Path) -> None:
    found = inspected(photos)
    kept = json.loads((found.folder / "inspection.json").read_text())
    assert kept == json.loads(json.dumps(found.as_json()))
    with Image.open(found.folder / "contact_sheet.png") as sheet:
        assert sheet.format == "PNG"
    with pytest.raises(OutputError, match="holds files already"):
        inspect_data(f"imagefolder:{photos}", output="found", quiet=True)


def test_grey_images_count_as_colour_where_some_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, image in (("a", Image.new("L", (4, 4), 51)), ("b", Image.new("RGB", (4, 4), (255, 0, 0)))):
        (tmp_path / "data" / name).mkdir(parents=True)
        image.save(tmp_path / "data" / name / "1.png")
    found = inspected(tmp_path / "data")
    assert found.mean == pytest.approx((0.6, 0.1, 0.1))
    assert dict(found.splits[0].channels) == {1: 1, 3: 1}


def test_the_same_seed_gives_the_same_sheet(photos: Path) -> None:
    sheets = []
    for seed in (0, 0, 1):
        found = inspect_data("digits", output=f"sheet{len(sheets)}", seed=seed, quiet=True)
        sheets.append((found.folder / "contact_sheet.png").read_bytes())
    assert sheets[0] == sheets[1] != sheets[2]


def test_a_sound_file_of_every_format_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        (tmp_path / "data" / name).mkdir(parents=True)
    for number, data in enumerate(SOUND.values()):
        (tmp_path / "data" / "ab"[number % 2] / f"{number}.jpg").write_bytes(data)
    found = inspected(tmp_path / "data")
    assert found.splits[0].sizes == ((64, 48, len(SOUND)),)
    assert torch.tensor(found.std).gt(0).all()
