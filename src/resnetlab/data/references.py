"""What a data reference stands for: `digits`, `cifar10`, `imagefolder:PATH`, …"""

from __future__ import annotations

from resnetlab.core.errors import ResnetlabError, UnknownNameError
from resnetlab.data.embedded import digits
from resnetlab.data.labelled import LabelledImages, Split
from resnetlab.specs.preprocessing import Preprocessing

NAMES = ("digits", "cifar10", "cifar100", "fashion_mnist")
FORMS = ("imagefolder:PATH", "imagenet:PATH", "hf:user/dataset")


def open_data(reference: str, split: Split = "test") -> LabelledImages:
    """One split of the data set that a reference names; its images are read when they are needed.

    Args:
        reference: a data reference.
        split: "test" or "train".

    Raises:
        UnknownNameError: no data set has this name.
        ResnetlabError: the data set is not as its form asks.
        DownloadError: it is not at hand and cannot be fetched.
    """
    form, colon, rest = reference.partition(":")
    if colon and not rest:
        raise ResnetlabError(f"data reference {reference!r} says no place\nwrite {' or '.join(FORMS)}")
    if colon and form == "imagefolder":
        from resnetlab.data.folders import image_folder

        return image_folder(rest, split)
    if colon and form == "imagenet":
        from resnetlab.data.folders import imagenet_folder

        return imagenet_folder(rest, split)
    if colon and form == "hf":
        from resnetlab.data.hub import hub_data

        return hub_data(rest, split)
    if reference not in NAMES:
        raise UnknownNameError("data set", reference, (*NAMES, *FORMS))
    if reference == "digits":
        return _digits(split)
    from resnetlab.data.archives import archive

    return archive(reference, split)


def _digits(split: Split) -> LabelledImages:
    """The embedded digits in [0, 1], beside the mean and deviation by which the laboratory normalises them."""
    data = digits()
    images, labels = (
        (data.train_images, data.train_labels) if split == "train" else (data.test_images, data.test_labels)
    )
    plain = (images * data.std + data.mean).clamp(0, 1)
    own = Preprocessing(data.size, data.size, (data.mean,), (data.std,))
    return LabelledImages(data.name, split, data.classes, labels.tolist(), lambda at: plain[at], own)
