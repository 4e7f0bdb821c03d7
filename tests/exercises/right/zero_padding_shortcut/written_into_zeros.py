"""Written into a tensor of zeros."""

import torch


def shortcut(x: torch.Tensor, out_channels: int, stride: int) -> torch.Tensor:
    rows, columns = -(-x.size(2) // stride), -(-x.size(3) // stride)
    y = x.new_zeros(x.size(0), out_channels, rows, columns)
    start = (out_channels - x.size(1)) // 2
    y[:, start : start + x.size(1)] = x[:, :, ::stride, ::stride]
    return y
