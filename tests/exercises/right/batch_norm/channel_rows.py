"""Every channel as a row, by sums."""

import math


def batch_norm(x, gamma, beta, running_mean, running_var, training, momentum=0.1, epsilon=1e-5):
    n, c, h, w = x.shape
    rows = x.transpose(0, 1).reshape(c, -1)
    if training:
        m = rows.shape[1]
        mu = rows.sum(1) / m
        centred = rows - mu[:, None]
        squares = (centred**2).sum(1)
        running_mean.copy_(running_mean + momentum * (mu.detach() - running_mean))
        running_var.copy_(running_var + momentum * (squares.detach() / (m - 1) - running_var))
        rows = centred / (squares / m + epsilon)[:, None] ** 0.5
    else:
        rows = (rows - running_mean[:, None]) / (running_var + math.fabs(epsilon))[:, None].sqrt()
    rows = rows * gamma[:, None] + beta[:, None]
    return rows.reshape(c, n, h, w).transpose(0, 1)
