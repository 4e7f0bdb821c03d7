"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise, Mistake

SUM = "return F.relu(y + skip)"

EXERCISE = Exercise(
    name="residual_addition",
    title="Residual addition",
    asks=("residual",),
    hints=(
        "Two ways lead from x to the sum. What stands on each of them, and what comes after the sum?",
        "The branch takes x and the skip takes x; the ReLU comes once, after the addition.",
        "F.relu(branch(x) + x): with + and not +=, which would change a tensor that autograd may still need.",
    ),
    mistakes=(
        Mistake(
            "relu-before-the-addition",
            "the ReLU stands before the addition: the branch can then only add, never take away",
            ((SUM, "return F.relu(y) + skip"),),
        ),
        Mistake(
            "relu-missing",
            "the ReLU after the addition is missing",
            ((SUM, "return y + skip"),),
        ),
        Mistake(
            "no-skip",
            "the skip is missing: this is a plain layer, ReLU(F(x))",
            ((SUM, "return F.relu(y)"),),
        ),
        Mistake(
            "sum-in-place",
            "the sum is written over the branch's output, by += on it or on a view: the backward pass still needs it",
            ((SUM, "y += skip\n    return F.relu(y)"),),
        ),
        Mistake(
            "skip-changed-in-place",
            "the sum is written over x, by +=: x belongs to the layer before, and the backward pass needs it",
            ((SUM, "skip += y\n    return F.relu(skip)"),),
        ),
        Mistake(
            "in-place-relu-eats-the-skip",
            "a ReLU in place has changed x before the skip took it: the skip has lost its negative values",
            (("skip = x", "skip = F.relu(x, inplace=True)"),),
        ),
        Mistake(
            "relu-on-the-skip",
            "the skip goes through a ReLU of its own: it has to be x as it came in",
            (("skip = x", "skip = F.relu(x)"),),
        ),
        Mistake(
            "mean-instead-of-sum",
            "branch and skip are averaged, not added",
            ((SUM, "return F.relu((y + skip) / 2)"),),
        ),
        Mistake(
            "skip-twice",
            "the skip is added twice: the sum takes x once",
            ((SUM, "return F.relu(y + skip + skip)"),),
        ),
        Mistake(
            "concatenated",
            "branch and skip are laid side by side as more channels: DenseNet does that; ResNet adds",
            (
                ("from torch import Tensor", "import torch\nfrom torch import Tensor"),
                (SUM, "return F.relu(torch.cat([y, skip], dim=1))"),
            ),
        ),
        Mistake(
            "gradient-of-the-skip-cut",
            "no gradient comes through the skip: detach or no_grad cuts it, and x loses what the skip brings",
            (("skip = x", "skip = x.detach()"),),
        ),
    ),
)
