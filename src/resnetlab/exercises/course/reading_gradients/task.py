"""The row of this exercise: hints, and what is wrong with the wrong choices."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise
from resnetlab.exercises.reading import misread, no_choice

RIGHT = {"FIRST": "a", "SECOND": "b", "THIRD": "c"}

EXERCISE = Exercise(
    name="reading_gradients",
    title="Reading: what becomes of the gradient",
    asks=tuple(RIGHT),
    hints=(
        "For each row say in words what happens to a gradient from one layer to the one before it.",
        "exp(-lost) is the factor of one layer: below 1 it shrinks, above 1 it grows. When were these networks "
        "measured?",
        "-0.168 gives exp(0.168) = 1.18. They were measured before training. "
        "The two rows of the third question differ in one thing only.",
    ),
    mistakes=(
        misread("minus-as-slow", "FIRST", "a", "b",
                "the sign counts: what is lost is less than nothing, so the norm grows"),
        misread("minus-as-failure", "FIRST", "a", "c",
                "it is no norm but what its logarithm loses; that can have either sign"),
        misread("row-of-the-sigmoids", "SECOND", "b", "a",
                "the row that loses a lot is the one of sigmoids; with ReLU and BN nothing is lost"),
        misread("growing-as-cause", "SECOND", "b", "c",
                "the table compares no training: a gradient that grows is not shown to do harm, nor a network without "
                "BN to train better"),
        misread("skips-where-none-were", "THIRD", "c", "a",
                "no skip is in these two rows; with He initialisation there is hardly a loss without any"),
        misread("every-network-from-two", "THIRD", "c", "b",
                "two rows of one network do not speak for all; the first row has He initialisation and loses 70 %"),
        no_choice(RIGHT),
    ),
)  # fmt: skip
