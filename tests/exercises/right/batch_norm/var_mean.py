"""With torch.var_mean and lerp."""

import torch


def batch_norm(x, gamma, beta, running_mean, running_var, training, momentum=0.1, epsilon=1e-5):
    if training:
        unbiased, mean = torch.var_mean(x, dim=[0, 2, 3], correction=1)
        count = x[:, 0].numel()
        variance = unbiased * (count - 1) / count
        running_mean.data.lerp_(mean.data, momentum)
        running_var.data.lerp_(unbiased.data, momentum)
    else:
        mean, variance = running_mean, running_var
    scale = gamma * torch.rsqrt(variance + epsilon)
    return torch.addcmul((beta - mean * scale).view(1, -1, 1, 1), x, scale.view(1, -1, 1, 1))
