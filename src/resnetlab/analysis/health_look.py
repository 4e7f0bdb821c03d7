"""One look at a network with labelled images: all that the health rules read, in training and in evaluation mode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.analysis.gradient_noise import GradientNoise, NoiseTally
from resnetlab.analysis.layer_statistics import LayerObserver, LayerState
from resnetlab.analysis.norm_statistics import NormObserver, NormState, moved_buffers, norm_states
from resnetlab.analysis.squashing_calls import SquashingCall, SquashingObserver
from resnetlab.analysis.untouched import preserved

Batches = Sequence[tuple[Tensor, Tensor]]
OtherOutputs = Callable[[], Sequence[Tensor]]
NUDGE = 0.01  # what stands for a tensor of zeros when it is asked whether only the zeros stop a gradient


@dataclass(frozen=True)
class ParameterState:
    """One parameter.

    Attributes:
        name: as `named_parameters` gives it.
        size: its numbers.
        learns: it asks for a gradient.
        norm: Euclidean.
        gradient: norm of its gradient, root mean square over the batches; None where none came by.
        waits: its gradient is zero only because other parameters begin at zero, as the last γ of a block may.
        is_auxiliary: only another output than the logits has a gradient for it, as of an auxiliary head.
    """

    name: str
    size: int
    learns: bool
    norm: float
    gradient: float | None
    waits: bool = False
    is_auxiliary: bool = False

    @property
    def has_no_gradient(self) -> bool:
        """It should learn, and cannot."""
        return self.learns and not self.gradient and not self.waits and not self.is_auxiliary


@dataclass(frozen=True)
class Outputs:
    """What came out, over all images.

    Attributes:
        training_loss: mean cross-entropy in training mode, nats.
        loss: in evaluation mode.
        accuracy: share of the images whose likeliest class is theirs, in evaluation mode.
        shifted: the same for labels moved on by 0, 1, 2, … classes.
        probabilities: mean probability of each class, in evaluation mode.
        labels: share of each class among the images.
        are_finite: all logits were numbers.
    """

    training_loss: float
    loss: float
    accuracy: float
    shifted: tuple[float, ...]
    probabilities: tuple[float, ...]
    labels: tuple[float, ...]
    are_finite: bool


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
        """The last weighted layer."""
        return self.weighted[-1].name if self.weighted else None


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
        parameters = _parameters(model, batches[0], squares, len(batches), others)
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


def _learning(model: nn.Module) -> dict[str, nn.Parameter]:
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def _training_passes(model: nn.Module, batches: Batches, noise: NoiseTally) -> tuple[float, dict[str, list[float]]]:
    """The mean loss, and for each parameter the squared norms of its gradients in the batches that gave one."""
    squares: dict[str, list[float]] = {}
    total, seen, size = 0.0, 0, len(batches[0][0])
    for images, labels in batches:
        loss, gradients = _gradients(model, images, labels)
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


def _gradients(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, dict[str, Tensor | None]]:
    learning = _learning(model)
    source = images.detach().requires_grad_()
    loss = F.cross_entropy(model(source.clone()).float(), labels)  # clone: a first layer may write in place
    if not loss.requires_grad:
        return loss.item(), dict.fromkeys(learning)
    found = torch.autograd.grad(loss, [source, *learning.values()], allow_unused=True)
    return loss.item(), dict(zip(learning, found[1:], strict=True))


def _parameters(
    model: nn.Module,
    batch: tuple[Tensor, Tensor],
    squares: dict[str, list[float]],
    count: int,
    others: OtherOutputs,
) -> tuple[ParameterState, ...]:
    gradients = {name: (sum(values) / count) ** 0.5 for name, values in squares.items()}
    stopped = {name for name in _learning(model) if gradients.get(name) == 0.0}
    moving = {name for name, gradient in gradients.items() if gradient}
    waiting = _that_wait(model, batch, moving, stopped) if stopped else set()
    auxiliary = _of_other_outputs(
        model, batch[0], {name for name in _learning(model) if not gradients.get(name)}, others
    )
    return tuple(
        ParameterState(
            name=name,
            size=parameter.numel(),
            learns=parameter.requires_grad,
            norm=parameter.detach().double().norm().item(),
            gradient=gradients.get(name),
            waits=name in waiting,
            is_auxiliary=name in auxiliary,
        )
        for name, parameter in model.named_parameters()
    )


def _that_wait(model: nn.Module, batch: tuple[Tensor, Tensor], moving: set[str], stopped: set[str]) -> set[str]:
    """Those of the stopped parameters that get a gradient once zeros that have one have moved, and so on.

    Zeros that get none until others of their kind move, as two zeroed convolutions in a row, never do.
    """
    zeros = {name: one for name, one in _learning(model).items() if not one.detach().any()}
    nudged, waiting = set[str](), set[str]()
    with preserved(model):
        model.train()
        try:
            while fresh := moving & zeros.keys() - nudged:
                with torch.no_grad():
                    for name in fresh:
                        zeros[name].fill_(NUDGE)
                nudged |= fresh
                with torch.enable_grad():
                    _, gradients = _gradients(model, *batch)
                moving = {name for name, one in gradients.items() if one is not None and bool(one.any())}
                waiting |= stopped & moving
        finally:
            with torch.no_grad():
                for name in nudged:
                    zeros[name].zero_()
    return waiting


def _of_other_outputs(model: nn.Module, images: Tensor, names: set[str], others: OtherOutputs) -> set[str]:
    """Those of the parameters that have a gradient from what the network gives beside its logits."""
    if not names:
        return set()
    learning = {name: parameter for name, parameter in _learning(model).items() if name in names}
    with preserved(model), torch.enable_grad():
        model.train()
        model(images)
        squares = [one.float().square().sum() for one in others() if one.requires_grad]
        found = torch.autograd.grad(squares, list(learning.values()), allow_unused=True) if squares else ()
    return {name for name, one in zip(learning, found, strict=False) if one is not None and bool(one.any())}


def _outputs(logits: Tensor, labels: Tensor, training_loss: float) -> Outputs:
    classes = logits.shape[1]
    apart = torch.bincount((logits.argmax(1) - labels) % classes, minlength=classes).double() / len(labels)
    return Outputs(
        training_loss=training_loss,
        loss=F.cross_entropy(logits, labels).item(),
        accuracy=apart[0].item(),
        shifted=tuple(apart.tolist()),
        probabilities=tuple(logits.softmax(1).double().mean(0).tolist()),
        labels=tuple((torch.bincount(labels, minlength=classes).double() / len(labels)).tolist()),
        are_finite=bool(logits.isfinite().all()),
    )
