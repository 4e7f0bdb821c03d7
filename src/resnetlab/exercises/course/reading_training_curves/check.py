"""What is looked at: the letters that were chosen."""

from __future__ import annotations

from resnetlab.exercises.reading import check_of_reading

CHECK = check_of_reading(
    "reading_training_curves",
    {
        "FIRST": "plain56 above plain20",
        "SECOND": "resnet56 above resnet20",
        "THIRD": "the bands of resnet56 and plain56 in the last epoch",
    },
)
