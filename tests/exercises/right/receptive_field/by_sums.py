"""As sums over the layers, with products of strides before each."""

from math import prod


def receptive_field(layers):
    before = [prod(stride for _, stride, _, _ in layers[:number]) for number in range(len(layers) + 1)]
    size = 1 + sum((k - 1) * d * pixels for (k, _, _, d), pixels in zip(layers, before, strict=False))
    start = -sum(p * pixels for (_, _, p, _), pixels in zip(layers, before, strict=False))
    return [size, before[-1], start]
