"""Data by reference: `load_data("digits")` whole and normalised, `open_data("cifar10")` one part as it is stored."""

from __future__ import annotations

from resnetlab.core.errors import UnknownNameError
from resnetlab.data.embedded import ImageData, digits, photographs
from resnetlab.data.images import read_image
from resnetlab.data.labelled import LabelledImages
from resnetlab.data.references import open_data

DATA_SETS = {"digits": digits}


def load_data(reference: str) -> ImageData:
    """The data set that a reference names, in memory and normalised, as the laboratory trains on it.

    Raises:
        UnknownNameError: no data set has this name.
    """
    if reference not in DATA_SETS:
        raise UnknownNameError("data set", reference, DATA_SETS)
    return DATA_SETS[reference]()


__all__ = [
    "DATA_SETS",
    "ImageData",
    "LabelledImages",
    "digits",
    "load_data",
    "open_data",
    "photographs",
    "read_image",
]
