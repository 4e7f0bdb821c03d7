"""What a data reference stands for: `digits`, `cifar10`, `imagefolder:PATH`, …"""

from __future__ import annotations

import os

from resnetlab.core.errors import ResnetlabError, UnknownNameError
from resnetlab.data.embedded import digits
from resnetlab.data.labelled import LabelledImages, Split, Stack
from resnetlab.specs.preprocessing import Preprocessing

NAMES = ("digits", "cifar10", "cifar100", "fashion_mnist")
STANDS_FOR_A_PATH = "PATH"  # in help, and in recipes whose data are the user's own
FORMS = (f"imagefolder:{STANDS_FOR_A_PATH}", f"imagenet:{STANDS_FOR_A_PATH}", "hf:user/dataset")
PLACED = ("imagefolder", "imagenet", "hf")


def open_data(reference: str, split: Split = "test") -> LabelledImages:
    """One split of the data set that a reference names; its images are read when they are needed.

    Args:
        reference: a data reference.
        split: "train", "validation" or "test".

    Raises:
        UnknownNameError: no data set has this name.
        ResnetlabError: the data set is not as its form asks.
        DownloadError: it is not at hand and cannot be fetched.
    """
    form, colon, rest = _parts(reference)
    if colon and form == "imagefolder":
        from resnetlab.data.folders import image_folder

        return image_folder(rest, split)
    if colon and form == "imagenet":
        from resnetlab.data.folders import imagenet_folder

        return imagenet_folder(rest, split)
    if colon and form == "hf":
        from resnetlab.data.hub import hub_data

        return hub_data(rest, split)
    _refuse_validation(reference, split)
    if reference == "digits":
        return _digits(split)
    from resnetlab.data.archives import archive

    return archive(reference, split)


def own_splits(reference: str) -> tuple[Split, ...]:
    """The splits that a data set comes with; none where an image folder is not split.

    Args:
        reference: a data reference.

    Raises:
        ResnetlabError: as of `open_data`.
    """
    form, colon, rest = _parts(reference)
    if colon and form in ("imagefolder", "imagenet"):
        from resnetlab.data.folders import folder_splits

        return folder_splits(rest)
    if colon and form == "hf":
        from resnetlab.data.hub import hub_splits

        return hub_splits(rest)
    return ("train", "test")


def _parts(reference: str) -> tuple[str, str, str]:
    """Form, colon and place; the last two are empty for a name."""
    form, colon, rest = reference.partition(":")
    if colon and not rest:
        raise ResnetlabError(f"data reference {reference!r} says no place\nwrite {' or '.join(FORMS)}")
    if rest == STANDS_FOR_A_PATH and not os.path.isdir(rest):
        raise ResnetlabError(
            f"no folder of images was given: PATH in {reference} stands for it\ngive --data {form}:FOLDER"
        )
    if reference not in NAMES and (not colon or form not in PLACED):
        if os.path.isdir(reference):
            raise ResnetlabError(f"no data set is called {reference}, but a folder is\nwrite imagefolder:{reference}")
        raise UnknownNameError("data set", reference, (*NAMES, *FORMS))
    return form, colon, rest


def _refuse_validation(name: str, split: Split) -> None:
    if split == "validation":
        raise ResnetlabError(f"{name} has no validation split\nit has train and test")


def _digits(split: Split) -> LabelledImages:
    """The embedded digits in [0, 1], beside the mean and deviation by which the laboratory normalises them."""
    data = digits()
    images, labels = (
        (data.train_images, data.train_labels) if split == "train" else (data.test_images, data.test_labels)
    )
    plain = (images * data.std + data.mean).clamp(0, 1)
    own = Preprocessing(data.size, data.size, (data.mean,), (data.std,))
    return LabelledImages(data.name, split, data.classes, labels.tolist(), Stack(plain), own)
