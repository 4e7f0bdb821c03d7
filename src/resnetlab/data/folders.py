"""Images in folders: those below one folder, and data sets with a folder for each class."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from resnetlab.core.errors import ResnetlabError
from resnetlab.core.terminal import on_one_line
from resnetlab.data.class_names import imagenet_classes
from resnetlab.data.images import SUFFIXES
from resnetlab.data.labelled import SPLIT_NAMES, LabelledImages, Split, of_files, splits_named

IMAGENET_CLASSES = 1000


def image_files(folder: Path) -> list[Path]:
    """Every image file below a folder, by its ending, in the order of their paths.

    Hidden files and folders are left out; links are followed, but never round in a circle.
    """
    return [file for file in _walk(folder, ()) if is_image_file(file)]


def count_other_files(folder: Path) -> int:
    """Files below a folder that are no images by their ending."""
    return sum(not is_image_file(file) for file in _walk(folder, ()))


def other_files_remark(count: int) -> tuple[str, ...]:
    """What is said of so many files that are no images by their ending: a sentence, or none."""
    return (f"{count} files that are no images by their ending are left out",) if count else ()


def is_image_file(file: Path) -> bool:
    """Whether its name ends as an image's does."""
    return file.suffix.lower() in SUFFIXES


def image_folder(path: str, split: Split) -> LabelledImages:
    """`imagefolder:PATH`: a folder for each class, under test/ or val/ (train/ for training), or at PATH itself.

    A class is named by its folder and holds every image below it.

    Raises:
        ResnetlabError: there is no such folder, it holds no class folders, or a class has no image.
    """
    root = _split_folder(Path(path), split)
    folders = _class_folders(root)
    files, others = [], 0
    for number, folder in enumerate(folders):
        below = list(_walk(folder, ()))
        found = [file for file in below if is_image_file(file)]
        if not found:
            raise ResnetlabError(
                f"the class folder {on_one_line(folder)} holds no image\n"
                "put some into it, or remove it where it stands for no class"
            )
        others += len(below) - len(found)
        files += [(file, number) for file in found]
    classes = tuple(folder.name for folder in folders)
    return of_files(f"imagefolder:{path}", split, classes, files, other_files_remark(others))


def imagenet_folder(path: str, split: Split) -> LabelledImages:
    """`imagenet:PATH`: ImageNet's own layout, a folder for each of the 1,000 WordNet numbers (n01440764, …).

    The numbers in their order are the classes in torchvision's order, which gives them their names.

    Raises:
        ResnetlabError: there is no such folder, or it does not hold all classes.
    """
    data = image_folder(path, split)
    numbers = [name for name in data.classes if name[:1] == "n" and name[1:].isdecimal()]
    if len(numbers) != IMAGENET_CLASSES or len(data.classes) != IMAGENET_CLASSES:
        raise ResnetlabError(
            f"imagenet:{on_one_line(path)} holds {len(numbers)} folders named by WordNet numbers (n01440764, …)"
            f" of {len(data.classes)}\nImageNet has 1,000 and nothing else; for other classes give imagefolder:PATH"
        )
    files = list(zip(data.files, data.labels, strict=True))
    return of_files(f"imagenet:{path}", split, imagenet_classes(), files, data.remarks)


def folder_splits(path: str) -> tuple[Split, ...]:
    """The splits that have a folder of their own below PATH.

    Raises:
        ResnetlabError: there is no such folder.
    """
    folder = Path(path)
    _refuse_missing(folder)
    return splits_named([name for names in SPLIT_NAMES.values() for name in names if _is_folder(folder / name)])


def _refuse_missing(path: Path) -> None:
    if not os.path.isdir(path):  # False too for what no system could name, where Path.is_dir raises
        raise ResnetlabError(f"there is no folder {on_one_line(path)}\ngive one that holds a folder for each class")


def _split_folder(path: Path, split: Split) -> Path:
    _refuse_missing(path)
    there = {kind: [path / name for name in names if _is_folder(path / name)] for kind, names in SPLIT_NAMES.items()}
    if any(there.values()) and not there[split]:
        raise ResnetlabError(
            f"{on_one_line(path)} has no folder for its {split} split\nname one {' or '.join(SPLIT_NAMES[split])}"
        )
    return next(iter(there[split]), path)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:
        raise _unreadable(path.parent, error) from error


def _unreadable(folder: Path, error: OSError) -> ResnetlabError:
    return ResnetlabError(f"the folder {on_one_line(folder)} cannot be read: {error.strerror}\ncheck its permissions")


def _class_folders(root: Path) -> list[Path]:
    try:
        folders = sorted(entry for entry in root.iterdir() if entry.is_dir() and not _is_hidden(entry.name))
    except OSError as error:
        raise _unreadable(root, error) from error
    if not folders:
        raise ResnetlabError(
            f"{on_one_line(root)} holds no class folders\nput the images of each class into a folder of its name"
        )
    return folders


def _walk(folder: Path, above: tuple[str, ...]) -> Iterator[Path]:
    """Every file below a folder in the order of their names; a link to a folder above is not entered again."""
    real = os.path.realpath(folder)
    if real in above:
        return
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise _unreadable(folder, error) from error
    for entry in entries:
        if _is_hidden(entry.name):
            continue
        if entry.is_dir():
            yield from _walk(entry, (*above, real))
        else:
            yield entry


def _is_hidden(name: str) -> bool:
    """Also what macOS and Windows leave behind."""
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini")
