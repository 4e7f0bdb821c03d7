"""Data by reference: `load_data("digits")`."""

from __future__ import annotations

from resnetlab.core.errors import UnknownNameError
from resnetlab.data.embedded import ImageData, digits, photographs

DATA_SETS = {"digits": digits}


def load_data(reference: str) -> ImageData:
    """The data set that a reference names.

    Raises:
        UnknownNameError: no data set has this name.
    """
    if reference not in DATA_SETS:
        raise UnknownNameError("data set", reference, DATA_SETS)
    return DATA_SETS[reference]()


__all__ = ["DATA_SETS", "ImageData", "digits", "load_data", "photographs"]
