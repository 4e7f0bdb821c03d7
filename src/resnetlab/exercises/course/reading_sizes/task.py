"""The row of this exercise: hints, and what is wrong with the wrong choices."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise
from resnetlab.exercises.reading import misread, no_choice

RIGHT = {"FIRST": "b", "SECOND": "c", "THIRD": "a"}

EXERCISE = Exercise(
    name="reading_sizes",
    title="Reading: a table of sizes",
    asks=tuple(RIGHT),
    hints=(
        "For each choice ask which cells of the table it rests on, and whether another cell speaks against it.",
        "Depth counts 1x1 convolutions too. Look for columns that rise together. Top-1 is of test images.",
        "ResNet-50's blocks have one 3x3 each; parameters and MACs rise with depth; no column has a training error.",
    ),
    mistakes=(
        misread("deeper-sees-more", "FIRST", "b", "a",
                "the table is right: a 1×1 convolution adds a layer and sees no more than before"),
        misread("field-below-the-image", "FIRST", "b", "c", "427 pixels are more than an image of 224 has"),
        misread("depth-alone", "SECOND", "c", "a",
                "depth is not alone: parameters and multiply-adds rise with it in every row"),
        misread("parameters-alone", "SECOND", "c", "b",
                "parameters are not alone: depth and multiply-adds rise with them. VGG-16 has 138 M, and 71.59 %"),
        misread("degradation-from-test-accuracy", "THIRD", "a", "b",
                "degradation is a higher training error, and the table has none; the paper's is below 0.1 % here"),
        misread("best-depth-from-four-rows", "THIRD", "a", "c",
                "four networks, one data set and no spread over seeds do not give a best depth"),
        no_choice(RIGHT),
    ),
)  # fmt: skip
