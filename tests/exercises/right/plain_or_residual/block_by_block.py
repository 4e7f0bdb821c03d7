"""Forward first; then backward block by block, by vector-Jacobian products."""

import torch


def gradient_ratios(x, branches, residual, direction):
    inputs, h = [], x
    with torch.no_grad():
        for branch in branches:
            inputs.append(h)
            h = branch(h) + (h if residual else 0)
    g, ratios = direction, []
    for branch, given in reversed(list(zip(branches, inputs, strict=False))):
        _, through_branch = torch.autograd.functional.vjp(branch, given, g)
        new = through_branch + g if residual else through_branch
        ratios.insert(0, torch.linalg.norm(new, axis=-1) / torch.linalg.norm(g, axis=-1))
        g = new
    return torch.stack(ratios, dim=0)


def always_at_least_one(ratios):
    return ratios.min().item() >= 1.0
