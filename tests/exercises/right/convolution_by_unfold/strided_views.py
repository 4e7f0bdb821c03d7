"""By Tensor.unfold, which gives a view of the windows instead of a copy."""

import torch


def convolution(x, weight, bias, stride, padding):
    k = weight.size(2)
    windows = torch.nn.functional.pad(x, [padding] * 4).unfold(2, k, stride).unfold(3, k, stride)
    y = torch.tensordot(windows, weight, dims=([1, 4, 5], [1, 2, 3]))
    return (y + bias).permute(0, 3, 1, 2)
