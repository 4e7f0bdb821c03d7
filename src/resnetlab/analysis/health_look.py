"""One look at a network with labelled images: all that the health rules read, in training and in evaluation mode."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.analysis.gradient_noise import GradientNoise, NoiseTally
from resnetlab.analysis.layer_statistics import LayerObserver, LayerState
from resnetlab.analysis.norm_statistics import NormObserver, NormState, moved_buffers, norm_states
from resnetlab.analysis.parameter_states import OtherOutputs, ParameterState, gradients_of, parameter_states
from resnetlab.analysis.squashing_calls import SquashingCall, SquashingObserver
from resnetlab.analysis.untouched import preserved

Batches = Sequence[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Outputs:
    """What came out, over all images.

    Attributes:
        training_loss: mean cross-entropy in training mode, nats.
        loss: in evaluation mode.
        accuracy: share of the images whose likeliest class is theirs, in evaluation mode.
        shifted: the same for labels moved on by 0, 1, 2, … classes.
        shifted_by_chance: the same for a network that says as much of each class, whatever the image.
        probabilities: mean probability of each class, in evaluation mode.
        labels: share of each class among the images.
        are_finite: all logits were numbers.
    """

    training_loss: float
    loss: float
    accuracy: float
    shifted: tuple[float, ...]
    shifted_by_chance: tuple[float, ...]
    probabilities: tuple[float, ...]
    labels: tuple[float, ...]
    are_finite: bool

    @property
    def are_finite_in_both_modes(self) -> bool:
        """All logits in evaluation mode were numbers, and so was the loss in training mode."""
        return self.are_finite and math.isfinite(self.training_loss)


@dataclass(frozen=True)
class HealthLook:
    """Everything that was seen.

    Attributes:
        layers: in training mode, in the order of the calls.
        evaluation_layers: in evaluation mode.
        squashing: sigmoids and their like that are called as functions, in training mode.
        norms: every batch norm.
        parameters: in the order of the module.
        moved: buffer → how far training passes moved it, relative to its size.
        noise: of the gradients.
        outputs: loss, accuracy, probabilities.
        images: how many went through.
        is_trained: the weights are somebody's, not as drawn.
    """

    layers: tuple[LayerState, ...]
    evaluation_layers: tuple[LayerState, ...]
    squashing: tuple[SquashingCall, ...]
    norms: tuple[NormState, ...]
    parameters: tuple[ParameterState, ...]
    moved: dict[str, float]
    noise: GradientNoise
    outputs: Outputs
    images: int
    is_trained: bool

    @property
    def weighted(self) -> tuple[LayerState, ...]:
        """The first calls of the convolutions and linear layers, in training mode."""
        return tuple(layer for layer in self.layers if layer.is_weighted and layer.call == 1)

    @property
    def head(self) -> str | None:
        """The last weighted layer that the loss of the logits comes back to; the last one where none is known to."""
        reached = [layer for layer in self.weighted if layer.gradient is not None] or self.weighted
        return reached[-1].name if reached else None


def look_at_health(
    model: nn.Module, batches: Batches, is_trained: bool = False, seed: int = 0, others: OtherOutputs = tuple
) -> HealthLook:
    """Runs every batch forward and backward in training mode and forward in evaluation mode; nothing stays changed.

    Running statistics, modes and random state are given back, and no `grad` is written.

    Args:
        model: gives logits, (N, classes).
        batches: images (N, C, H, W), normalised, with labels (N,), all of one size but the last.
        is_trained: the weights are somebody's, not as drawn.
        seed: of dropout and whatever else the network draws.
        others: gives what the network gave in its last pass beside the logits, where a hook took them out of it.
    """
    training, training_norms = LayerObserver(model), NormObserver(model)
    evaluation, evaluation_norms = LayerObserver(model), NormObserver(model)
    functions, noise = SquashingObserver(model), NoiseTally()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        with preserved(model):
            model.train()
            staying = training_norms.staying()
            before = {name: buffer.clone() for name, buffer in model.named_buffers()}
            with training.watching(), training_norms.watching(), functions.watching(), torch.enable_grad():
                losses, squares = _training_passes(model, batches, noise)
            moved = moved_buffers(model, before)
        with evaluation.watching(), evaluation_norms.watching():
            logits = _evaluated(model, batches)
        parameters = parameter_states(model, batches[0], squares, len(batches), others)
    return HealthLook(
        layers=training.states(),
        evaluation_layers=evaluation.states(),
        squashing=functions.states(),
        norms=norm_states(training_norms, evaluation_norms, staying, moved),
        parameters=parameters,
        moved=moved,
        noise=noise.result(len(batches[0][0])),
        outputs=_outputs(logits, torch.cat([labels for _, labels in batches]), losses),
        images=len(logits),
        is_trained=is_trained,
    )


def _training_passes(model: nn.Module, batches: Batches, noise: NoiseTally) -> tuple[float, dict[str, list[float]]]:
    """The mean loss, and for each parameter the squared norms of its gradients in the batches that gave one."""
    squares: dict[str, list[float]] = {}
    total, seen, size = 0.0, 0, len(batches[0][0])
    for images, labels in batches:
        loss, gradients = gradients_of(model, images, labels)
        total, seen = total + loss * len(images), seen + len(images)
        for name, gradient in gradients.items():
            if gradient is not None:
                squares.setdefault(name, []).append(gradient.double().square().sum().item())
        if len(images) == size:  # a smaller last batch would be told apart by its size alone
            noise.add(list(gradients.values()))
    return total / seen, squares


def _evaluated(model: nn.Module, batches: Batches) -> Tensor:
    """The logits in evaluation mode."""
    with preserved(model), torch.no_grad():
        model.eval()
        return torch.cat([model(images).float() for images, _ in batches])


def _outputs(logits: Tensor, labels: Tensor, training_loss: float) -> Outputs:
    classes = logits.shape[1]
    said = logits.argmax(1)
    apart, of_said, of_labels = (
        torch.bincount(numbers, minlength=classes).double() / len(labels)
        for numbers in ((said - labels) % classes, said, labels)
    )
    return Outputs(
        training_loss=training_loss,
        loss=F.cross_entropy(logits, labels).item(),
        accuracy=apart[0].item(),
        shifted=tuple(apart.tolist()),
        shifted_by_chance=tuple((of_said.roll(-by) @ of_labels).item() for by in range(classes)),
        probabilities=tuple(logits.softmax(1).double().mean(0).tolist()),
        labels=tuple(of_labels.tolist()),
        are_finite=bool(logits.isfinite().all()),
    )
