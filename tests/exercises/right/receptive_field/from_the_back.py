"""From the last layer to the first: which positions of each layer's input does position 0, or 1, need?"""


def window(layers, first, last):
    for kernel, stride, padding, dilation in reversed(layers):
        first, last = first * stride - padding, last * stride - padding + dilation * (kernel - 1)
    return first, last


def receptive_field(layers):
    first, last = window(layers, 0, 0)
    second, _ = window(layers, 1, 1)
    return last - first + 1, second - first, first
