"""What is looked at: the letters that were chosen."""

from __future__ import annotations

from resnetlab.exercises.reading import check_of_reading

CHECK = check_of_reading(
    "reading_gradients",
    {
        "FIRST": "what -0.168 says",
        "SECOND": "vanishing gradients as the reason of degradation",
        "THIRD": "-4 % and -61 %",
    },
)
