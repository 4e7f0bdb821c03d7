"""A loop over the channels."""

import torch


def batch_norm(x, gamma, beta, running_mean, running_var, training, momentum=0.1, epsilon=1e-5):
    channels = []
    for c in range(x.size(1)):
        values = x[:, c]
        mu, var = running_mean[c], running_var[c]
        if training:
            mu, var = values.mean(), values.var(unbiased=False)
            with torch.no_grad():
                running_mean[c] = running_mean[c] * (1 - momentum) + mu * momentum
                running_var[c] = running_var[c] * (1 - momentum) + values.var() * momentum
        channels.append((values - mu) * gamma[c] / torch.sqrt(var + epsilon) + beta[c])
    return torch.stack(channels, dim=1)
