"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise, Mistake

KEEP_MEAN = "running_mean.mul_(1 - momentum).add_(mean, alpha=momentum)"
KEEP_VARIANCE = "running_var.mul_(1 - momentum).add_(variance * m / (m - 1), alpha=momentum)"
ROOT = "(variance[:, None, None] + epsilon).sqrt()"

EXERCISE = Exercise(
    name="batch_norm",
    title="Batch norm by hand",
    asks=("batch_norm",),
    hints=(
        "Which dimensions belong to one channel's statistics? And which of the two modes changes a buffer?",
        "x.mean((0, 2, 3)) and x.var((0, 2, 3), correction=0) have shape (c,); [:, None, None] lets them meet x.",
        "running_var.mul_(1 - momentum).add_(momentum * variance * m / (m - 1)) without a gradient; m is n * h * w.",
    ),
    mistakes=(
        Mistake(
            "epsilon-of-the-default",
            "epsilon is written out as 1e-5: it is an argument",
            ((ROOT, "(variance[:, None, None] + 1e-5).sqrt()"),),
        ),
        Mistake(
            "mean-over-wrong-axes",
            "mean and variance are taken for each image apart: that is instance norm; batch norm takes all images",
            (
                ("mean = x.mean((0, 2, 3))", "mean = x.mean((2, 3))"),
                ("variance = x.var((0, 2, 3), correction=0)", "variance = x.var((2, 3), correction=0)"),
                (KEEP_MEAN, "running_mean.mul_(1 - momentum).add_(mean.mean(0), alpha=momentum)"),
                (KEEP_VARIANCE, "running_var.mul_(1 - momentum).add_(variance.mean(0) * m / (m - 1), alpha=momentum)"),
                ("(x - mean[:, None, None])", "(x - mean[..., None, None])"),
                (ROOT, "(variance[..., None, None] + epsilon).sqrt()"),
            ),
        ),
        Mistake(
            "unbiased-in-the-batch",
            "the batch is divided by the root of the variance with m - 1; it should be by the one with m",
            (("correction=0)", "correction=1)"), ("variance * m / (m - 1)", "variance")),
        ),
        Mistake(
            "biased-running-variance",
            "the running variance keeps the variance that divides by m; it is to estimate that of all images: m - 1",
            (("variance * m / (m - 1)", "variance"),),
        ),
        Mistake(
            "momentum-the-wrong-way-round",
            "the running averages keep a share of `momentum` of the old; here it is the share of the new (PyTorch)",
            (
                (KEEP_MEAN, "running_mean.mul_(momentum).add_(mean, alpha=1 - momentum)"),
                (KEEP_VARIANCE, "running_var.mul_(momentum).add_(variance * m / (m - 1), alpha=1 - momentum)"),
            ),
        ),
        Mistake(
            "left-in-training-mode",
            "evaluation uses the batch's own statistics and moves the running averages: it never leaves training",
            (("if training:", "if True:"),),
        ),
        Mistake(
            "batch-statistics-in-evaluation",
            "evaluation normalises by the batch's own statistics instead of the running averages",
            (
                (
                    "mean, variance = running_mean, running_var",
                    "mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)",
                ),
            ),
        ),
        Mistake(
            "running-statistics-in-training",
            "training normalises by the running averages instead of the batch's own statistics",
            (
                (
                    "    standardised =",
                    "    mean, variance = running_mean.clone(), running_var.clone()\n    standardised =",
                ),
            ),
        ),
        Mistake(
            "buffers-not-moved",
            "the running averages are not changed: new tensors were made, or only names bound; change them in place",
            (
                (KEEP_MEAN, "running_mean = (1 - momentum) * running_mean + momentum * mean"),
                (KEEP_VARIANCE, "running_var = (1 - momentum) * running_var + momentum * variance * m / (m - 1)"),
            ),
        ),
        Mistake(
            "gradient-in-the-buffers",
            "the running averages carry the graph of this batch with them: move them under torch.no_grad()",
            (("with torch.no_grad():", "if True:"),),
        ),
        Mistake(
            "statistics-without-gradient",
            "mean and variance depend on x, and their part of the gradient is missing: only the running averages are "
            "kept out of the graph",
            (
                ("mean = x.mean((0, 2, 3))", "mean = x.detach().mean((0, 2, 3))"),
                ("variance = x.var(", "variance = x.detach().var("),
            ),
        ),
        Mistake(
            "epsilon-outside-the-root",
            "ε is added to the standard deviation; it belongs under the root, beside the variance",
            ((ROOT, "(variance[:, None, None].sqrt() + epsilon)"),),
        ),
        Mistake(
            "no-affine",
            "γ and β are not applied",
            (("return gamma[:, None, None] * standardised + beta[:, None, None]", "return standardised"),),
        ),
    ),
)
