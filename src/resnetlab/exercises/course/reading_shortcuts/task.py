"""The row of this exercise: hints, and what is wrong with the wrong choices."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise
from resnetlab.exercises.reading import misread, no_choice

RIGHT = {"FIRST": "c", "SECOND": "b", "THIRD": "a"}

EXERCISE = Exercise(
    name="reading_shortcuts",
    title="Reading: an ablation of shortcuts",
    asks=tuple(RIGHT),
    hints=(
        "Begin with the column of intervals. What does one say that has 0 in it, and one that has not?",
        "A table speaks for what was run: these images, this width. Which rows differ in one thing only?",
        "B: from -1.02 to 1.08. C: above 0, on digits. A and plain-20 have the same parameters and seeds.",
    ),
    mistakes=(
        misread("means-compared", "FIRST", "c", "a",
                "0.03 points are an eighth of an image; with other seeds the sign would be another"),
        misread("best-seeds-compared", "FIRST", "c", "b",
                "the best seed of eight is luck; its worst seed is the worse one too"),
        misread("other-data-contradicted", "SECOND", "b", "a",
                "two results on different images, depths and widths do not contradict each other"),
        misread("parameters-as-cause", "SECOND", "b", "c",
                "B has more than A and no higher error; and parameters were not what was varied alone"),
        misread("overlap-for-difference", "THIRD", "a", "b",
                "the differences seed by seed have an interval of their own: it is in the table"),
        misread("cause-not-measured", "THIRD", "a", "c",
                "no gradient is in this table; that the skip makes the difference does not tell how"),
        no_choice(RIGHT),
    ),
)  # fmt: skip
