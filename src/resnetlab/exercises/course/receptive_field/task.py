"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise, Mistake

GROWS = "size += dilation * (kernel - 1) * step"
STRIDES = "        step *= stride\n"

EXERCISE = Exercise(
    name="receptive_field",
    title="The receptive field by arithmetic",
    asks=("receptive_field",),
    hints=(
        "Draw two 3x3 convolutions along a line of pixels, the first with stride 2. What does each step of the "
        "second span?",
        "Keep three numbers from layer to layer: the size, the pixels in one step, the first pixel. Which "
        "changes last?",
        "The size grows by dilation * (kernel - 1) * step, where step is the product of the strides before this "
        "layer.",
    ),
    mistakes=(
        Mistake(
            "whole-kernels-added",
            "each kernel adds its whole width; it adds its width less one, for one of its pixels is seen already",
            ((GROWS, "size += dilation * kernel * step"),),
        ),
        Mistake(
            "own-stride-counts",
            "a layer's own stride widens what it sees itself; it only counts for the layers after it",
            ((STRIDES, ""), (GROWS, "step *= stride\n        size += dilation * (kernel - 1) * step")),
        ),
        Mistake(
            "strides-ignored-in-size",
            "the field grows as if there were no strides; after a stride of 2 every step is two pixels of the image",
            ((GROWS, "size += dilation * (kernel - 1)"),),
        ),
        Mistake(
            "dilation-ignored",
            "dilation is left out: the pixels of a dilated kernel stand that far apart, so it spans that much more",
            ((GROWS, "size += (kernel - 1) * step"),),
        ),
        Mistake(
            "dilated-kernel-too-wide",
            "a dilated kernel is counted as kernel times dilation; between its k pixels there are only k - 1 gaps",
            ((GROWS, "size += (dilation * kernel - 1) * step"),),
        ),
        Mistake(
            "stride-of-the-last-layer",
            "the stride is that of the last layer alone; strides multiply",
            (
                (STRIDES, "        last = stride\n        step *= stride\n"),
                ("    return size, step, start", "    return size, last if layers else 1, start"),
            ),
        ),
        Mistake(
            "strides-added",
            "strides are added up; they multiply: 2 after 2 is every fourth pixel",
            ((STRIDES, "        step += stride - 1\n"),),
        ),
        Mistake(
            "size-multiplied",
            "the whole size so far is multiplied by the stride: that is the way back from the last layer to the first",
            ((GROWS, "size = (size - 1) * stride + dilation * (kernel - 1) + 1"),),
        ),
        Mistake(
            "padding-not-scaled",
            "padding moves the start by its own number of pixels; behind a stride each row of padding is `step` "
            "pixels",
            (("start -= padding * step", "start -= padding"),),
        ),
        Mistake(
            "padding-shrinks-the-field",
            "padding is taken from the size; it moves the field and leaves its size alone",
            ((GROWS, "size += (dilation * (kernel - 1) - 2 * padding) * step"),),
        ),
        Mistake(
            "start-on-the-wrong-side",
            "the start moves into the image; padding stands before its first pixel, so the start is negative",
            (("start -= padding * step", "start += padding * step"),),
        ),
    ),
)
