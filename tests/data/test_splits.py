"""Three parts that share no image: those the data comes with, else a share of each class by seed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from image_bytes import SOUND
from resnetlab.core.errors import ResnetlabError
from resnetlab.data.labelled import LabelledImages
from resnetlab.data.splits import TrainingData, stratified, training_data


def plant(root: Path, counts: dict[str, int]) -> str:
    """An image folder with so many images in each folder."""
    for name, count in counts.items():
        (root / name).mkdir(parents=True)
        for number in range(count):
            (root / name / f"{number:03}.jpg").write_bytes(SOUND["JPEG"])
    return f"imagefolder:{root}"


def parts(data: TrainingData) -> dict[str, LabelledImages]:
    named = {"train": data.train, "validation": data.validation, "test": data.test}
    return {name: part for name, part in named.items() if part is not None}


LAYOUTS = {
    "train, val, test": (("train", "val", "test"), {"train": 20, "validation": 20, "test": 20}, ""),
    "train, val": (("train", "val"), {"train": 20, "validation": 20}, ""),
    "train, validation": (("train", "validation"), {"train": 20, "validation": 20}, ""),
    "train, test": (("train", "test"), {"train": 18, "validation": 2, "test": 20}, "2 of the 20 training images"),
    "train": (("train",), {"train": 18, "validation": 2}, "2 of the 20 training images"),
    "not split": ((".",), {"train": 16, "validation": 2, "test": 2}, "is not split: by seed 0"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_parts_that_are_there_are_taken_and_the_others_held_out(name: str, tmp_path: Path) -> None:
    folders, sizes, said = LAYOUTS[name]
    data = training_data(plant(tmp_path, {f"{folder}/{kind}": 10 for folder in folders for kind in ("cat", "dog")}))
    assert {part: len(images) for part, images in parts(data).items()} == sizes
    assert all(images.split == part for part, images in parts(data).items())
    assert said in " ".join(data.remarks)
    files = [file for images in parts(data).values() for file in images.files]
    assert len(set(files)) == len(files)
    for images in parts(data).values():
        assert Counter(images.labels) == dict.fromkeys((0, 1), len(images) // 2)
        assert all(
            file.parent.name == data.classes[label] for file, label in zip(images.files, images.labels, strict=True)
        )


def test_no_share_holds_nothing_out() -> None:
    data = training_data("digits", share=0)
    assert data.validation is None
    assert len(data.train) == 1400
    assert "no image is held out" in " ".join(data.remarks)


def test_the_test_images_are_left_alone() -> None:
    data = training_data("digits", seed=3, share=0.1)
    assert data.test is not None
    assert data.validation is not None
    assert len(data.test) == 397
    assert len(data.train) + len(data.validation) == 1400
    assert abs(len(data.validation) - 140) <= 5


def test_a_seed_decides_and_the_same_one_the_same() -> None:
    labels = [number % 7 for number in range(1000)]
    held = {seed: stratified(labels, (0.1,), seed)[0].tolist() for seed in (0, 1)}
    assert held[0] == stratified(labels, (0.1,), 0)[0].tolist()
    assert len(set(held[0]) & set(held[1])) < 30  # 10 by chance


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_each_class_gives_its_share(share: float) -> None:
    labels = [0] * 100 + [1] * 40 + [2] * 8 + [3]
    held, rest = stratified(labels, (share,), 0)
    counts = Counter(labels[at] for at in held)
    assert [counts[0], counts[1], counts[2]] == [round(share * 100), round(share * 40), max(1, round(share * 8))]
    assert counts[3] == 0  # its only image is to train on
    assert sorted([*held, *rest]) == list(range(149))


def test_subsets_keep_pictures_labels_and_files_together() -> None:
    data = training_data("digits", share=0.2)
    assert data.validation is not None
    whole = training_data("digits", share=0).train
    for part in (data.train, data.validation):
        for at in (0, len(part) - 1):
            same = [number for number in range(len(whole)) if bool((whole.read(number) == part.read(at)).all())]
            assert part.labels[at] in {whole.labels[number] for number in same}


REFUSED = {
    "one class": ({"cat": 3}, "has 1 class, cat: nothing can be told apart"),
    "a class missing": (
        {"train/cat": 1, "train/dog": 1, "train/eel": 1, "val/cat": 1, "val/dog": 1},
        "the validation split of .* has other classes than the training images: eel missing",
    ),
    "a class more": (
        {"train/cat": 1, "train/dog": 1, "test/cat": 1, "test/dog": 1, "test/ant": 1},
        "the test split of .*: ant only there",
    ),
    "other names": (
        {"train/cat": 1, "train/dog": 1, "test/Cat": 1, "test/dog": 1},
        "cat missing; Cat only there\ngive every split the same class folders",
    ),
    "a class without an image": ({"train/cat": 1, "train/dog": 0}, "class folder .*dog holds no image"),
    "nothing to hold out": ({"cat": 1, "dog": 1}, "the validation split of .* has no image"),
    "nothing to train on": ({"val/cat": 1, "val/dog": 1}, "no folder for its train split"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_data_that_cannot_be_trained_on_is_refused(name: str, tmp_path: Path) -> None:
    counts, said = REFUSED[name]
    with pytest.raises(ResnetlabError, match=said) as caught:
        training_data(plant(tmp_path, counts))
    assert len(str(caught.value).splitlines()) <= 3
