"""What is looked at: the letters that were chosen."""

from __future__ import annotations

from resnetlab.exercises.reading import check_of_reading

CHECK = check_of_reading(
    "reading_shortcuts",
    {
        "FIRST": "B beside A",
        "SECOND": "C, with the most parameters and the highest error",
        "THIRD": "plain-20 beside A",
    },
)
