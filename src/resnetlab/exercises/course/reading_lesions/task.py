"""The row of this exercise: hints, and what is wrong with the wrong choices."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise
from resnetlab.exercises.reading import misread, no_choice

RIGHT = {"FIRST": "a", "SECOND": "c", "THIRD": "b"}

EXERCISE = Exercise(
    name="reading_lesions",
    title="Reading: a lesion study",
    asks=tuple(RIGHT),
    hints=(
        "What was changed between two points of a line, and between two lines? What was not?",
        "The axis has what is added to the whole network's error. Blocks go one at a time, and nothing is trained.",
        "6 and 80 beside the 90 of guessing. plain20 got new statistics too. Which lesions of resnet56 were tried?",
    ),
    mistakes=(
        misread("lesions-added-up", "FIRST", "a", "b",
                "seven blocks of 80 % each would be 560 %: what single lesions cost does not add up to shares"),
        misread("added-for-whole", "FIRST", "a", "c",
                "the axis has what a lesion adds; whole, the network has 6 % wrong"),
        misread("statistics-for-training", "SECOND", "c", "a",
                "no weight was changed: only the norms' means and variances were measured again"),
        misread("norm-as-the-cause", "SECOND", "c", "b",
                "plain20 has batch norm too, measured anew as well, and does not bear the loss of any block"),
        misread("one-lesion-for-many", "THIRD", "b", "a",
                "one block was taken out at a time: what many do together is not in this figure"),
        misread("lesion-for-smaller-network", "THIRD", "b", "c",
                "these blocks were there while the others were trained; a smaller network was not"),
        no_choice(RIGHT),
    ),
)  # fmt: skip
