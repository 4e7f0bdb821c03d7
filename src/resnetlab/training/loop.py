"""The training loop: forward, backward, step, evaluate, keep; and again.

Whatever decides how a network is trained comes in from outside: the batches, the loss, the optimiser and its schedule
(in `TrainingState`), who watches (`Observer`), what is kept when. What is left is what every training is.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from resnetlab.core.errors import DivergedError
from resnetlab.core.seeds import derived_seed
from resnetlab.data.batches import Batches
from resnetlab.data.preparation import Batch
from resnetlab.training.distributed import connected_ranks, exchanging, mean_over_ranks
from resnetlab.training.events import EpochDone, Observer, StepDone
from resnetlab.training.parameter_groups import highest_rate
from resnetlab.training.precision import Choice, at_least_float32
from resnetlab.training.sharding import in_full
from resnetlab.training.state import TrainingState

Loss = Callable[[Tensor, Tensor], Tensor]
PLAIN = Choice("fp32", "cpu", "the network's own numbers")
LEAST_SCALE = 1.0  # of the loss, for float16


class LossAndTop1(Protocol):
    """What an evaluation counted: mean loss, and per cent of images whose likeliest class is right."""

    @property
    def loss(self) -> float: ...
    @property
    def top1(self) -> float: ...


@dataclass(frozen=True, eq=False)
class StepRule:
    """How a step is taken.

    Args:
        loss: mean over a batch, of logits and labels.
        choice: in which numbers.
        clip: most norm of the gradient.
        accumulate: parts that a batch goes through the network in.
        watches_gradients: stop before a step whose gradient is not finite.
        shown: what the network sees of a batch's images at a step, counted from 0.
        seed: of what the network itself draws at random, step by step, and the number of this process among those that
            train together; None leaves PyTorch's state alone.
    """

    loss: Loss
    choice: Choice = PLAIN
    clip: float | None = None
    accumulate: int = 1
    watches_gradients: bool = True
    shown: Callable[[Tensor, int], Tensor] = lambda images, step: images
    seed: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class Course:
    """How long training lasts, and what is done between its steps.

    Args:
        epochs: most epochs.
        steps: most steps.
        validate: the scores of a network on the validation images; None where there are none.
        save: keeps the state at the end of an epoch; told whether it is the best so far.
        stop_if_asked: called after every step and every evaluation; leaves by an exception of its own, if it must.
        before_epoch: called at its start, also where an epoch is gone on with.
        before_step: looks at a batch that will be trained on.
    """

    epochs: int
    steps: int
    validate: Callable[[nn.Module], LossAndTop1] | None = None
    save: Callable[[TrainingState, bool], None] = lambda state, best: None
    stop_if_asked: Callable[[TrainingState], None] = lambda state: None
    before_epoch: Callable[[TrainingState], None] = lambda state: None
    before_step: Callable[[TrainingState, Batch], None] = lambda state, batch: None


def train_epochs(state: TrainingState, batches: Batches, rule: StepRule, course: Course, observer: Observer) -> None:
    """Train from where the state is to the end of the course.

    Args:
        state: changed in place.
        batches: of every epoch.
        rule: how a step is taken.
        course: how long, and what is done between steps.
        observer: is told of every step and every epoch.

    Raises:
        DivergedError: a loss or a gradient is not finite; the step was not taken.
    """
    while state.epoch < course.epochs and (state.step < course.steps or state.losses):
        began, images = time.perf_counter(), 0
        course.before_epoch(state)
        state.runs.train()
        for batch in batches.epoch(state.epoch, first=state.step_in_epoch):
            if state.step == course.steps:
                break
            course.before_step(state, batch)
            take_step(state, batch, rule)
            together = len(batch.images) * connected_ranks()
            images += together
            observer.on_step(StepDone(state.step, state.epoch + 1, state.last_lr, state.losses[-1], together))
            course.stop_if_asked(state)
        trained = time.perf_counter() - began
        scores = course.validate(state.judged) if course.validate else None
        course.stop_if_asked(state)
        done = _end_epoch(state, scores, time.perf_counter() - began, images / trained if images else None)
        observer.on_epoch(done)
        course.save(state, done.best)


def _end_epoch(state: TrainingState, scores: LossAndTop1 | None, seconds: float, speed: float | None) -> EpochDone:
    """Count the epoch in the state; gives what is told of it. A network whose loss is not finite is never the best."""
    best = scores is not None and math.isfinite(scores.loss) and (state.best is None or scores.top1 > state.best)
    if scores is not None and best:
        state.best = scores.top1
    done = EpochDone(
        epoch=state.epoch + 1,
        step=state.step,
        lr=state.last_lr,
        train_loss=sum(state.losses) / len(state.losses),
        validation_loss=scores.loss if scores else None,
        validation_top1=scores.top1 if scores else None,
        seconds=seconds,
        images_per_second=speed,
        best=best,
    )
    state.epoch, state.step_in_epoch, state.losses = state.epoch + 1, 0, []
    return done


def take_step(state: TrainingState, batch: Batch, rule: StepRule) -> None:
    """One step of the optimiser.

    Args:
        state: changed in place; its last loss is that before the step.
        batch: on the network's device.
        rule: how.

    Raises:
        DivergedError: the loss or the gradient is not finite; network and optimiser are as they were, but for what a
            forward pass changes.
    """
    seed_step(rule.seed, state.step)
    batch = replace(batch, images=rule.shown(batch.images, state.step))
    loss = mean_over_ranks(_backward(state, batch, rule))
    state.scaler.unscale_(state.optimiser)
    gradients = [tensor.grad for tensor in state.model.parameters() if tensor.grad is not None]
    asks_norm = rule.watches_gradients or rule.clip or state.scaler.is_enabled()
    norm = get_total_norm(gradients) if asks_norm else loss
    # The one time that the loop makes the processor wait for the device.
    value, length = torch.stack([loss, in_full(norm).to(loss)]).tolist()
    if not (math.isfinite(value) and (math.isfinite(length) or _may_be_scaled_less(state))):
        state.losses.append(value)
        raise DivergedError(state.step + 1, _first_bad(value, state.model) + _at_scale(state))
    if rule.clip:
        clip_grads_with_norm_(state.model.parameters(), rule.clip, norm)
    state.last_lr = highest_rate(state.optimiser)
    if math.isfinite(length):  # a fused optimiser would take the step that is left out into its momentum
        state.scaler.step(state.optimiser)
    state.scaler.update()
    state.optimiser.zero_grad(set_to_none=True)
    with _left_out_steps_count() if state.scaler.is_enabled() else nullcontext():
        state.schedule.step()
    if state.average is not None:
        state.average.update_parameters(state.model)
    state.losses.append(value)
    state.step, state.step_in_epoch = state.step + 1, state.step_in_epoch + 1


def seed_step(seed: tuple[int, int] | None, step: int) -> None:
    """Decide what a network draws at random in a step: dropout, and which blocks are left out.

    Args:
        seed: of the training, and the number of this process; None leaves PyTorch's state alone.
        step: counted from 0.
    """
    if seed is not None:
        torch.manual_seed(derived_seed("step", *seed, step))


@contextmanager
def _left_out_steps_count() -> Iterator[None]:
    """The schedule goes on after a step that was left out for its scale, the first one too, where PyTorch warns."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step", UserWarning)
        yield


def _may_be_scaled_less(state: TrainingState) -> bool:
    """Whether an infinite gradient may come of the scaled loss alone: the step is left out, and the scale halved.

    Where the loss is not enlarged any more the gradient itself is too large for float16, or no number at all.
    """
    return state.scaler.is_enabled() and state.scaler.get_scale() > LEAST_SCALE


def _at_scale(state: TrainingState) -> str:
    return f", in float16 with the loss scaled by {state.scaler.get_scale():g}," if state.scaler.is_enabled() else ""


def _backward(state: TrainingState, batch: Batch, rule: StepRule) -> Tensor:
    """Put the gradient of the batch's mean loss where the optimiser finds it; gives that loss."""
    parts = list(zip(*(tensor.tensor_split(rule.accumulate) for tensor in (batch.images, batch.labels)), strict=True))
    losses = []
    for number, (images, labels) in enumerate(parts, start=1):
        with exchanging(state.runs, number == len(parts)):
            with rule.choice.autocast():
                logits = state.runs(images)
            share = len(images) / len(batch.images)
            loss = rule.loss(at_least_float32(logits), labels) * share
            state.scaler.scale(loss).backward()
        losses.append(loss.detach())
    return torch.stack(losses).sum()


def _first_bad(loss: float, model: nn.Module) -> str:
    """What is not finite, and comes first: a parameter, the loss, or the gradient of a parameter."""
    for name, tensor in model.named_parameters():
        if not in_full(tensor).isfinite().all():
            return f"parameter {name}"
    if not math.isfinite(loss):
        return f"loss ({loss})"
    named = ((name, tensor.grad) for name, tensor in model.named_parameters())
    bad = (f"gradient of {name}" for name, grad in named if grad is not None and not in_full(grad).isfinite().all())
    return next(bad, "norm of the gradient")
