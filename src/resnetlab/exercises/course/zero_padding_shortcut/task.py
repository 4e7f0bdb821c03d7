"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import GRADIENT_CUT, Exercise, Mistake

STRIDED = "small = x[:, :, ::stride, ::stride]"
PADDED = "return F.pad(small, (0, 0, 0, 0, before, after))"

EXERCISE = Exercise(
    name="zero_padding_shortcut",
    title="Zero-padding shortcut (option A)",
    asks=("shortcut",),
    hints=(
        "Two steps: fewer pixels, then more channels. Neither computes anything.",
        "A slice with a step takes every stride-th pixel. F.pad counts its pairs from the last dimension on.",
        "F.pad(small, (0, 0, 0, 0, before, after)): the first two pairs are width and height, the third the channels.",
    ),
    mistakes=(
        Mistake(
            "zeros-at-the-end",
            "all new channels come after the old: half of them belong before",
            ((PADDED, "return F.pad(small, (0, 0, 0, 0, 0, added))"),),
        ),
        Mistake(
            "zeros-at-the-start",
            "all new channels come before the old: half of them belong after",
            ((PADDED, "return F.pad(small, (0, 0, 0, 0, added, 0))"),),
        ),
        Mistake(
            "wrong-dimension-padded",
            "zeros are put round the image instead of into new channels: F.pad counts from the last dimension on",
            ((PADDED, "return F.pad(small, (before, after))"),),
        ),
        Mistake(
            "odd-one-before",
            "of an odd number of new channels the larger half stands before the old: here it comes after",
            (("before = added // 2", "before = (added + 1) // 2"),),
        ),
        Mistake(
            "a-quarter-on-each-side",
            "out_channels // 4 on each side fits only where the channels double; what is missing is out_channels less "
            "those of x",
            ((PADDED, "return F.pad(small, (0, 0, 0, 0, out_channels // 4, out_channels // 4))"),),
        ),
        Mistake(
            "one-channel-too-few",
            "both halves are rounded down, so an odd number of new channels loses one: padding is off by one",
            (("after = added - before", "after = added // 2"),),
        ),
        Mistake(
            "pooled",
            "the image is averaged instead of strided: option A takes every stride-th pixel as it is",
            ((STRIDED, "small = F.avg_pool2d(x, stride, ceil_mode=True)"),),
        ),
        Mistake(
            "max-pooled",
            "the largest pixel of each window is taken: option A takes every stride-th pixel as it is",
            ((STRIDED, "small = F.max_pool2d(x, stride, ceil_mode=True)"),),
        ),
        Mistake(
            "wrong-pixels",
            "the pixels are taken from the last of each step on: the first pixel has to stay, as in a strided 1x1",
            ((STRIDED, "small = x[:, :, stride - 1 :: stride, stride - 1 :: stride]"),),
        ),
        Mistake(
            "stride-ignored",
            "the image keeps its size, whatever the stride",
            ((STRIDED, "small = x"),),
        ),
        Mistake(
            "rows-only",
            "only the rows are strided: columns too",
            ((STRIDED, "small = x[:, :, ::stride]"),),
        ),
        Mistake(
            "channels-repeated",
            "the new channels repeat old ones instead of holding zeros",
            ((PADDED, "return small[:, [i % small.shape[1] for i in range(-before, small.shape[1] + after)]]"),),
        ),
        Mistake(
            "gradient-cut",
            GRADIENT_CUT,
            ((STRIDED, "small = x.detach()[:, :, ::stride, ::stride]"),),
        ),
        Mistake(
            "stride-of-two",
            "every second pixel is taken, whatever the stride: take every stride-th",
            ((STRIDED, "small = x[:, :, ::2, ::2]"),),
        ),
        Mistake(
            "pooled-without-the-rest",
            "the image is averaged, and a rest at its edge is lost: option A takes every stride-th pixel as it is",
            ((STRIDED, "small = F.avg_pool2d(x, stride)"),),
        ),
        Mistake(
            "max-pooled-without-the-rest",
            "the largest pixel of each window is taken, and a rest at the edge is lost: option A takes every "
            "stride-th pixel as it is",
            ((STRIDED, "small = F.max_pool2d(x, stride)"),),
        ),
    ),
)
