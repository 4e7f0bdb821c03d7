"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise, Mistake

NEXT = "states.append(branch(h) + h if residual else branch(h))"
NORMS = "norms = torch.stack([gradient.norm(dim=1) for gradient in gradients])"
RATIOS = "return norms[:-1] / norms[1:]"
CLAIM = "return bool((ratios >= 1).all())"

EXERCISE = Exercise(
    name="plain_or_residual",
    title="Plain against residual: what a block does to the gradient",
    asks=("gradient_ratios", "always_at_least_one"),
    hints=(
        "How many gradients does a stack of three blocks have, from the first input to the last output? And how "
        "many ratios?",
        "Keep all states in a list, x first; torch.autograd.grad gives the gradients at all of them in one go.",
        "norms = stack of gradient.norm(dim=1), (blocks + 1, n); norms[:-1] / norms[1:]; `always` is .all(), not "
        ".mean().",
    ),
    mistakes=(
        Mistake(
            "no-skip",
            "there is no skip in the residual stack: this is the plain one twice",
            ((NEXT, "states.append(branch(h))"),),
        ),
        Mistake(
            "skip-everywhere",
            "the plain stack has skips too: without them there is nothing to compare with",
            ((NEXT, "states.append(branch(h) + h)"),),
        ),
        Mistake(
            "skip-cut-off",
            "the skip carries numbers and no gradient: it was detached, so the backward pass does not see it",
            ((NEXT, "states.append(branch(h) + h.detach() if residual else branch(h))"),),
        ),
        Mistake(
            "branch-cut-off",
            "all residual ratios are 1: the branch was detached, and only the skip's share of the gradient is there",
            ((NEXT, "states.append(branch(h).detach() + h if residual else branch(h))"),),
        ),
        Mistake(
            "one-norm-for-the-batch",
            "the norm is taken over all images together: a large gradient of one hides a small one of another",
            ((NORMS, "norms = torch.stack([gradient.norm() * torch.ones(len(x)) for gradient in gradients])"),),
        ),
        Mistake(
            "norm-over-the-images",
            "the norm is taken over the images for each number; it is to be taken over the numbers for each image",
            ((NORMS, "norms = torch.stack([gradient.norm(dim=0) for gradient in gradients])"),),
        ),
        Mistake(
            "upside-down",
            "the ratio is upside down: input over output, for the gradient runs backward",
            ((RATIOS, "return norms[1:] / norms[:-1]"),),
        ),
        Mistake(
            "over-the-last-output",
            "each norm is divided by that at the end of the stack: what several blocks did together, not what one did",
            ((RATIOS, "return norms[:-1] / norms[-1]"),),
        ),
        Mistake(
            "last-block-first",
            "the ratios come in the order of the backward pass: the first block is to come first",
            ((RATIOS, "return (norms[:-1] / norms[1:]).flip(0)"),),
        ),
        Mistake(
            "squared",
            "these are ratios of squared norms",
            ((RATIOS, "return (norms[:-1] / norms[1:]).square()"),),
        ),
        Mistake(
            "signal-for-gradient",
            "these are norms of what goes forward; the gradient that comes back was asked",
            ((NORMS, "norms = torch.stack([state.detach().norm(dim=1) for state in states])"),),
        ),
        Mistake(
            "direction-ignored",
            "the loss is the plain sum of the outputs; it is the sum of the outputs times `direction`",
            (("(states[-1] * direction).sum()", "states[-1].sum()"),),
        ),
        Mistake(
            "on-average-for-always",
            "the mean of the ratios decides; `always` is refuted by a single one below 1",
            ((CLAIM, "return bool(ratios.mean() >= 1)"),),
        ),
        Mistake(
            "somewhere-for-always",
            "one ratio that is large enough decides; `always` needs all of them: all, not any",
            ((CLAIM, "return bool((ratios >= 1).any())"),),
        ),
        Mistake(
            "more-than-one",
            "a ratio of exactly 1 counts against the claim, which says at least 1",
            ((CLAIM, "return bool((ratios > 1).all())"),),
        ),
    ),
)
