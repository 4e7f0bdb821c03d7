"""What is looked at: the letters that were chosen."""

from __future__ import annotations

from resnetlab.exercises.reading import check_of_reading

CHECK = check_of_reading(
    "reading_sizes",
    {
        "FIRST": "a deeper network with a smaller receptive field",
        "SECOND": "accuracy that rises with depth",
        "THIRD": "1202 layers and a lower accuracy",
    },
)
