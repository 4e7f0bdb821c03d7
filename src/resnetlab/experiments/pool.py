"""The pool: networks trained once, shared by every claim that needs a trained network."""

from __future__ import annotations

from typing import Any

from resnetlab.experiments.base import Arm, Run
from resnetlab.experiments.tiers import NATURAL, Tier
from resnetlab.experiments.trained import Training

SEEDS = 8


def arms(*models: str, seeds: int = SEEDS) -> tuple[Arm, ...]:
    """An arm for each of these networks of the pool.

    >>> [arm.name for arm in arms("plain20", "plain56")]
    ['plain20', 'plain56']
    """
    return tuple(Arm(model, seeds=seeds, training=Training(model)) for model in models)


def variant(name: str, model: str, tiers: tuple[Tier, ...] = NATURAL, **fields: Any) -> Arm:
    """An arm for a network of the pool with fields of its row changed.

    >>> variant("option B", "resnet20", shortcut="B").training.fields
    (('shortcut', 'B'),)

    Args:
        name: of the arm.
        model: the row.
        tiers: where it is run.
        **fields: as in `create_model`.
    """
    return Arm(name, seeds=SEEDS, training=Training(model, fields=tuple(fields.items())), tiers=tiers)


def in_words(training: Training) -> str:
    """How a network of the pool is trained, for the claims' pages.

    Args:
        training: of an arm; networks that differ in depth alone have the same words.
    """
    plan = training.plan
    rate = f"one cycle of the learning rate up to {plan.lr:g}" if plan.schedule == "one-cycle" else f"rate {plan.lr:g}"
    return (
        f"Networks of the pool have width {training.width} and are trained for {plan.epochs} epochs on all training "
        f"images as they are, by SGD in batches of {plan.batch_size}, with {rate}, momentum {plan.momentum:g} and "
        f"weight decay {plan.weight_decay:g}."
    )


def epoch_losses(run: Run) -> list[float]:
    """The training loss of every epoch of the plan; those that a diverged run never ended have the untrained loss."""
    assert run.trained is not None
    assert run.arm.training is not None
    losses = run.trained.history.epoch_losses
    return losses + [run.trained.untrained_loss] * (run.arm.training.plan.epochs - len(losses))
