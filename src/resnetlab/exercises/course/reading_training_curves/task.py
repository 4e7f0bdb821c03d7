"""The row of this exercise: hints, and what is wrong with the wrong choices."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise
from resnetlab.exercises.reading import misread, no_choice

RIGHT = {"FIRST": "b", "SECOND": "a", "THIRD": "c"}

EXERCISE = Exercise(
    name="reading_training_curves",
    title="Reading: training curves",
    asks=tuple(RIGHT),
    hints=(
        "Read both axes first: which loss is it, of which images, and how long was the training?",
        "The loss is of training images. A logarithmic axis shows ratios. How far apart are the two pairs at the end?",
        "At the end: plain 0.13 and 1.9, residual 0.010 and 0.034, still falling. Read where each band ends, and "
        "subtract.",
    ),
    mistakes=(
        misread("training-loss-as-overfitting", "FIRST", "b", "a",
                "who overfits has a low training loss; this is the training loss, and it stays high"),
        misread("cannot-train-for-cannot-compute", "FIRST", "b", "c",
                "56 layers could copy the 20 and pass the rest on; the figure shows what training reached"),
        misread("same-cost-of-depth", "SECOND", "a", "b",
                "compare the pairs: the plain ones are apart by a far larger factor, and plain56 hardly falls at all"),
        misread("eight-epochs-for-all", "SECOND", "a", "c",
                "one schedule of eight epochs on small digits does not speak for longer trainings"),
        misread("log-heights-as-widths", "THIRD", "c", "a",
                "a height on a logarithmic axis is a ratio: read the ends of both bands and subtract"),
        misread("interval-for-spread", "THIRD", "c", "b",
                "the band is the interval of the mean, and no range of the runs: with more seeds it gets narrower"),
        no_choice(RIGHT),
    ),
)  # fmt: skip
