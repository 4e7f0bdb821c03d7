"""Few or small images are held, others read when they are needed; what was looked at before is said."""

from __future__ import annotations

from typing import Any

import pytest

from image_bytes import SOUND, SPOILED
from picture_folders import write_classes
from resnetlab.actions.runs import feeding
from resnetlab.actions.runs.feeding import Feed
from resnetlab.actions.runs.train_settings import TrainSettings, settings_from
from resnetlab.core.errors import ImageError
from resnetlab.data import held
from resnetlab.data.labelled import LabelledImages
from resnetlab.data.references import open_data
from resnetlab.specs.preprocessing import Preprocessing
from resnetlab.training.distributed import World

HOW = Preprocessing(16, 16, (0.5,) * 3, (0.5,) * 3)
ALONE = World()


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> LabelledImages:
    """24 pictures, and one that only decoding finds damaged."""
    root = write_classes(tmp_path_factory.mktemp("feeding") / "photographs", count=12, side=16)
    (root / "temple" / "damaged.png").write_bytes(SPOILED["PNG with a flipped bit"])
    (root / "temple" / "sound.jpg").write_bytes(SOUND["JPEG"])
    return open_data(f"imagefolder:{root}", "train")


def feed(images: LabelledImages, world: World = ALONE, *, rehearses: bool = False, **changes: Any) -> Feed:
    given = {"model": "resnet20", "data": images.name, "batch_size": 8, "quiet": True, "workers": 0}
    asked = settings_from(TrainSettings, **given | changes)
    return Feed(asked, HOW, world, channels_last=False, images=len(images), rehearses=rehearses)


def test_small_data_are_held_and_damage_is_found_at_once(images: LabelledImages) -> None:
    _, where, remarks = feed(images, skip_unreadable=True).training(images)
    assert where == "held in memory (0 MB)"
    assert remarks == ("1 of 26 images could not be read and are left out",)
    with pytest.raises(ImageError, match=r"damaged\.png"):
        feed(images).training(images)


def test_images_that_are_changed_one_by_one_are_read_when_they_are_needed(images: LabelledImages) -> None:
    batches, where, remarks = feed(images, skip_unreadable=True, augment={"crop_scale": [0.5, 1]}).training(images)
    assert where == "read one by one; all could be decoded before"
    assert len(remarks) == 1
    assert batches.steps == 25 // 8


def test_the_images_of_all_processes_on_a_machine_count(
    images: LabelledImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "MOST_BYTES", 26 * 3 * 16 * 16)
    for processes, where in ((1, "held in memory"), (2, "read one by one")):
        world = World(local_ranks=processes)
        assert feed(images, world, skip_unreadable=True).training(images)[1].startswith(where)


def test_many_images_are_looked_at_alone_and_damage_within_one_is_told_when_it_is_reached(
    images: LabelledImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "MOST_DECODED", 20)
    monkeypatch.setattr(held, "MOST_BYTES", 0)
    batches, where, _ = feed(images).training(images)
    assert where.startswith("read one by one; beginning and end of every file were looked at, damage within one ends")
    with pytest.raises(ImageError, match=r"damaged\.png"):
        [list(batches.epoch(number)) for number in range(9)]


def test_a_rehearsal_leaves_out_what_cannot_be_read_where_that_is_asked(
    images: LabelledImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "MOST_REHEARSED", 20)
    _, _, remarks = feed(images, rehearses=True, skip_unreadable=True).training(images)
    assert remarks == ("1 of 26 images could not be read and are left out",)


def test_a_rehearsal_does_not_read_many_images(images: LabelledImages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "MOST_REHEARSED", 20)
    read: list[int] = []
    watched = LabelledImages(
        images.name, "train", images.classes, images.labels, lambda at: read.append(at) or images.read(0),
        files=images.files,
    )  # fmt: skip
    batches, _, _ = feed(watched, rehearses=True).training(watched)
    assert read == []
    next(batches.epoch(0))
    assert len(read) == 8
