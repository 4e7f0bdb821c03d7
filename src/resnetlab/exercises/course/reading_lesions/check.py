"""What is looked at: the letters that were chosen."""

from __future__ import annotations

from resnetlab.exercises.reading import check_of_reading

CHECK = check_of_reading(
    "reading_lesions",
    {
        "FIRST": "plain20, near 80 at every block",
        "SECOND": "BN anew below resnet20",
        "THIRD": "resnet56, near 0 behind the sixth block",
    },
)
