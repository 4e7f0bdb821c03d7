"""Image folders of every shape give one stable map of classes, or an error that names the folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from image_bytes import SOUND
from resnetlab.core.errors import ResnetlabError
from resnetlab.data.folders import image_files
from resnetlab.data.labelled import Split
from resnetlab.data.references import open_data


def plant(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(SOUND["JPEG"])
    return root


def classes_and_files(root: Path, split: Split = "test") -> tuple[tuple[str, ...], list[tuple[str, int]]]:
    data = open_data(f"imagefolder:{root}", split)
    return data.classes, [(str(f.relative_to(root)), label) for f, label in zip(data.files, data.labels, strict=True)]


def test_a_folder_for_each_class_in_the_order_of_their_names(tmp_path: Path) -> None:
    plant(tmp_path, "dog/2.jpg", "dog/1.PNG", "cat/1.jpeg")
    assert classes_and_files(tmp_path) == (("cat", "dog"), [("cat/1.jpeg", 0), ("dog/1.PNG", 1), ("dog/2.jpg", 1)])


@pytest.mark.parametrize(("split", "folder"), [("test", "test"), ("test", "val"), ("train", "train")])
def test_a_split_has_its_own_folder(split: str, folder: str, tmp_path: Path) -> None:
    plant(tmp_path, f"{folder}/cat/1.jpg", "other/dog/1.jpg")
    assert classes_and_files(tmp_path, split) == (("cat",), [(f"{folder}/cat/1.jpg", 0)])


def test_a_split_that_is_not_there_is_not_replaced_by_another(tmp_path: Path) -> None:
    plant(tmp_path, "train/cat/1.jpg")
    with pytest.raises(ResnetlabError, match=r"has no folder for its test split"):
        classes_and_files(tmp_path)


def test_nested_images_belong_to_the_folder_at_the_top(tmp_path: Path) -> None:
    plant(tmp_path, "cat/1.jpg", "cat/winter/old/2.jpg")
    assert classes_and_files(tmp_path) == (("cat",), [("cat/1.jpg", 0), ("cat/winter/old/2.jpg", 0)])


def test_hidden_files_and_folders_are_no_classes_and_no_images(tmp_path: Path) -> None:
    plant(tmp_path, "cat/1.jpg", "cat/._1.jpg", ".git/1.jpg", "__MACOSX/1.jpg", "cat/.thumbs/1.jpg", "loose.jpg")
    assert classes_and_files(tmp_path) == (("cat",), [("cat/1.jpg", 0)])


def test_a_link_round_in_a_circle_ends(tmp_path: Path) -> None:
    plant(tmp_path, "cat/1.jpg")
    (tmp_path / "cat" / "again").symlink_to(tmp_path / "cat")
    (tmp_path / "cat" / "up").symlink_to(tmp_path)
    classes, files = classes_and_files(tmp_path)
    assert classes == ("cat",)
    assert files == [("cat/1.jpg", 0)]


def test_a_link_to_images_elsewhere_is_followed(tmp_path: Path) -> None:
    plant(tmp_path / "elsewhere", "1.jpg")
    plant(tmp_path / "data", "cat/1.jpg")
    (tmp_path / "data" / "dog").symlink_to(tmp_path / "elsewhere")
    assert classes_and_files(tmp_path / "data")[0] == ("cat", "dog")


def test_a_link_to_nothing_is_an_image_that_cannot_be_read(tmp_path: Path) -> None:
    plant(tmp_path, "cat/1.jpg")
    (tmp_path / "cat" / "2.jpg").symlink_to(tmp_path / "gone.jpg")
    assert len(classes_and_files(tmp_path)[1]) == 2


def test_other_files_are_counted(tmp_path: Path) -> None:
    plant(tmp_path, "cat/1.jpg", "cat/notes.txt", "cat/2.heic")
    assert open_data(f"imagefolder:{tmp_path}").remarks == ("2 files that are no images by their ending are left out",)


IMPOSSIBLE = {
    "an empty class": (("cat/1.jpg", "dog/notes.txt"), "class folder .*dog holds no image"),
    "no classes": (("1.jpg",), "holds no class folders"),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_an_impossible_folder_is_refused_by_name(name: str, tmp_path: Path) -> None:
    files, said = IMPOSSIBLE[name]
    with pytest.raises(ResnetlabError, match=said):
        open_data(f"imagefolder:{plant(tmp_path, *files)}")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResnetlabError, match="there is no folder"):
        open_data(f"imagefolder:{tmp_path / 'gone'}")


@pytest.mark.parametrize("refused", ["iterdir", "is_dir"])
def test_a_folder_that_may_not_be_read_is_refused(
    refused: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, "cat/1.jpg")

    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, refused, refuse)  # root may read everything, so that no mode would do
    with pytest.raises(ResnetlabError, match="cannot be read: Permission denied"):
        open_data(f"imagefolder:{tmp_path}")
    if refused == "iterdir":
        with pytest.raises(ResnetlabError, match="cannot be read: Permission denied"):
            image_files(tmp_path)


def test_names_that_are_no_text_are_classes_too(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9")
    plant(tmp_path, f"{name}/1.jpg")
    assert classes_and_files(tmp_path)[0] == (name,)


def test_imagenets_numbers_become_torchvisions_names(tmp_path: Path) -> None:
    numbers = [f"n{number:08}" for number in range(1000)]
    for number in numbers:
        (tmp_path / "val" / number).mkdir(parents=True)
        (tmp_path / "val" / number / "1.JPEG").symlink_to(tmp_path / "gone.jpg")
    data = open_data(f"imagenet:{tmp_path}")
    assert data.classes[:2] == ("tench", "goldfish")
    assert data.classes[999] == "toilet tissue"
    assert list(data.labels) == list(range(1000))


def test_a_part_of_imagenet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResnetlabError, match="holds 1 folders named by WordNet numbers"):
        open_data(f"imagenet:{plant(tmp_path, 'n01440764/1.jpg', 'other/1.jpg')}")
