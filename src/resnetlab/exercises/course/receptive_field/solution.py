"""The receptive field, by arithmetic.

A position in a feature map sees a square of the image: its receptive field. A layer with kernel k looks at k
positions of the map before it, `dilation` apart, so from the first to the last it spans dilation · (k − 1) steps
there; a step there is as many pixels of the image as all strides before it make together. So the field grows by that
span times those pixels. Two 3×3 convolutions see 5 pixels, as one 5×5 does, with 18 weights for 25; three see 7, with
27 for 49 (Simonyan & Zisserman 2014, Section 2.3).

Padding does not change the size of the field. It moves it: position 0 sees pixels that stand before the image.
"""

from __future__ import annotations

from collections.abc import Sequence

Layer = tuple[int, int, int, int]  # kernel, stride, padding, dilation


def receptive_field(layers: Sequence[Layer]) -> tuple[int, int, int]:
    """What a position in the output of the last layer sees, along one side of the image.

    Args:
        layers: kernel, stride, padding and dilation of each convolution, in order.

    Returns:
        size: pixels that a position sees; 1 without any layer.
        stride: pixels from what one position sees to what the next one sees.
        start: the first pixel that position 0 sees; 0 is the image's first, negative ones are padding.
    """
    # --- fill in ---
    size, step, start = 1, 1, 0
    for kernel, stride, padding, dilation in layers:
        size += dilation * (kernel - 1) * step
        start -= padding * step
        step *= stride
    return size, step, start
    # --- until here ---
