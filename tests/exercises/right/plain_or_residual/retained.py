"""With retain_grad and backward."""

import itertools

import torch


def gradient_ratios(x, branches, residual, direction):
    h = x.clone().requires_grad_(True)
    h.retain_grad()
    seen = [h]
    for f in branches:
        out = f(h)
        if residual:
            out = out + h
        out.retain_grad()
        seen.append(out)
        h = out
    torch.sum(h * direction).backward()
    rows = []
    for before, after in itertools.pairwise(seen):
        rows.append(before.grad.pow(2).sum(1).sqrt() / after.grad.pow(2).sum(1).sqrt())
    return torch.stack(rows)


def always_at_least_one(ratios):
    return not (ratios < 1).any()
