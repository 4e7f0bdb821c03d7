"""The layers but one, and then that one."""


def receptive_field(layers):
    if not layers:
        return 1, 1, 0
    *others, (kernel, stride, padding, dilation) = layers
    size, jump, start = receptive_field(others)
    extent = dilation * kernel - dilation + 1
    return size + (extent - 1) * jump, jump * stride, start - jump * padding
