"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise, Mistake

STRIDE = "stride = 2 if place == 0 and number > 0 else 1"
MADE = "blocks.append(block(in_channels, width, stride))"
NEXT = "in_channels = width * block.expansion"

EXERCISE = Exercise(
    name="assembling_stages",
    title="Assembling stages",
    asks=("make_stages",),
    hints=(
        "Write the list of (in_channels, width, stride) for widths 64 and 128 with two blocks each. What repeats?",
        "Two loops: over the stages, and over each one's blocks. What does the second block of a stage get for input?",
        "After every block in_channels becomes width * block.expansion; stride 2 only for place 0 of stages 1, 2, …",
    ),
    mistakes=(
        Mistake(
            "stride-in-every-block",
            "every block of a stage strides: only its first one does",
            ((STRIDE, "stride = 2 if number > 0 else 1"),),
        ),
        Mistake(
            "stride-in-the-first-stage",
            "the first stage strides too: the stem's pooling has halved the image already",
            ((STRIDE, "stride = 2 if place == 0 else 1"),),
        ),
        Mistake(
            "stride-in-the-last-block",
            "the last block of a stage strides: the first one of the next stage does",
            ((STRIDE, "stride = 2 if place == depth - 1 and number > 0 else 1"),),
        ),
        Mistake(
            "stride-one-stage-early",
            "the stride stands in the wrong stage: all stages but the last stride; it is all but the first",
            ((STRIDE, "stride = 2 if place == 0 and number < len(widths) - 1 else 1"),),
        ),
        Mistake(
            "no-stride",
            "no block strides: the image has to be halved from stage to stage",
            ((STRIDE, "stride = 1"),),
        ),
        Mistake(
            "in-channels-not-updated",
            "every block is made for the stem's channels: after each block the channels are those that it gives",
            ((NEXT, "pass"),),
        ),
        Mistake(
            "in-channels-updated-too-late",
            "the channels are updated once a stage: the second block already gets what the first one gives",
            ((f"            {NEXT}\n        stages.append(", f"        {NEXT}\n        stages.append("),),
        ),
        Mistake(
            "expansion-forgotten",
            "a block's output is taken for width channels: a bottleneck gives width * expansion",
            ((NEXT, "in_channels = width"),),
        ),
        Mistake(
            "expansion-twice",
            "the block is given width * expansion for its width: it multiplies by itself",
            (
                (MADE, "blocks.append(block(in_channels, width * block.expansion, stride))"),
                (NEXT, "in_channels = width * block.expansion * block.expansion"),
            ),
        ),
        Mistake(
            "one-block-too-many",
            "each stage has one block more than its depth says: the first one counts",
            (("range(depth)", "range(depth + 1)"),),
        ),
        Mistake(
            "one-block-too-few",
            "each stage has one block less than its depth says",
            (("range(depth)", "range(max(1, depth - 1))"),),
        ),
        Mistake(
            "one-block-repeated",
            "one block object stands several times in a stage: it is then one block, whose weights are shared",
            ((MADE, "blocks.append(blocks[-1] if place > 1 else block(in_channels, width, stride))"),),
        ),
        Mistake(
            "first-block-only",
            "depths are ignored: each stage has one block",
            (("range(depth)", "range(1)"),),
        ),
    ),
)
