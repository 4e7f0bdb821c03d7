"""The sum is a new tensor, so the ReLU may be done in place; it is not needed by anybody else."""


def residual(x, branch):
    identity = x
    out = branch(x)
    out = out + identity
    return out.relu_()
