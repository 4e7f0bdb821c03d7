"""Parts of a network that training leaves as they are: to the bit, running statistics included.

Turning off `requires_grad` is not enough: batch norms would still renew their running statistics, dropout and
stochastic depth would still be random, and what stands before the frozen part would still learn. Where everything from
the stem on is frozen, nothing in it asks for a gradient, so PyTorch keeps none of its activations and computes no
gradient for it: a step is that much faster.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from torch import nn

from resnetlab.analysis import count_parameters
from resnetlab.core.errors import ResnetlabError, UnknownNameError
from resnetlab.training.distributed import World, replicate
from resnetlab.training.stages import stages
from resnetlab.training.state import TrainingState


@dataclass(frozen=True)
class Freezing:
    """Which parts of a network are frozen, and how long.

    Args:
        names: of its `stages`.
        ends_at: the epoch, counted from 1, from whose start on they are trained; None: never.
    """

    names: tuple[str, ...] = ()
    ends_at: int | None = None

    def end_in_time(self, state: TrainingState, world: World) -> None:
        """Unfreeze the parts if the epoch that begins, or is gone on with, is the one or a later one.

        Their parameters must be known to the optimiser already, see `parameter_groups`.
        """
        if self.ends_at is None or state.epoch + 1 < self.ends_at:
            return
        if all(parameter.requires_grad for parameter in state.model.parameters()):
            return
        unfreeze(state.model, self.names)
        state.runs = replicate(state.model, world)


def freeze(model: nn.Module, names: Iterable[str]) -> tuple[str, ...]:
    """Freeze parts of a network; gives what is to be known of what is left unfrozen, a sentence or none.

    A frozen part stays in evaluation mode, whatever mode the network is brought to. This holds for copies of the
    network too, and inside of what `torch.compile` and data-parallel training put round it; freeze before those.

    Args:
        model: any module, changed in place.
        names: of its `stages`.

    Raises:
        UnknownNameError: it has no such part.
        ResnetlabError: nothing would be left to train.
    """
    chosen = list(names)
    for module in _modules(model, chosen):
        module.requires_grad_(False)
        module.train = partial(_stay_in_evaluation_mode, module)  # type: ignore[method-assign]  # of this module alone
        module.eval()
    total, trainable = counts(model)
    if not trainable:
        unfreeze(model, chosen)
        raise ResnetlabError(
            f"--freeze {','.join(chosen)} leaves none of {total:,} parameters to train\nleave out one part: the head"
        )
    return _left_in_front(model, chosen)


def unfreeze(model: nn.Module, names: Iterable[str]) -> None:
    """Let frozen parts train again; they go into the mode that the network is in.

    An optimiser made of the trainable parameters before does not know these; see `parameter_groups`.

    Raises:
        UnknownNameError: the network has no such part.
    """
    for module in _modules(model, names):
        module.requires_grad_(True)
        vars(module).pop("train", None)
        module.train(model.training)


def counts(model: nn.Module) -> tuple[int, int]:
    """Parameters in all, and those that are trained."""
    return count_parameters(model), count_parameters(model, trainable_only=True)


def _modules(model: nn.Module, names: Iterable[str]) -> list[nn.Module]:
    known = stages(model)
    chosen = list(names)
    for name in chosen:
        if name not in known:
            raise UnknownNameError("part to freeze", name, known, f"parts of this network: {', '.join(known)}")
    return [module for name in chosen for module in known[name]]


def _stay_in_evaluation_mode(module: nn.Module, mode: bool = True) -> nn.Module:
    """What `train` is for a frozen module; a parent's `train` calls it, as it would the module's own."""
    return nn.Module.train(module, False)


def _left_in_front(model: nn.Module, frozen: list[str]) -> tuple[str, ...]:
    """What stands before a frozen part and is not frozen, as a sentence; none where there is nothing."""
    order = list(stages(model))
    last = max(order.index(name) for name in frozen) if frozen else 0
    front = [name for name in order[:last] if name not in frozen]
    if not front:
        return ()
    return (
        f"{', '.join(front)} before {order[last]} stays unfrozen: its weights and running statistics move, and "
        "gradients are computed all the way back to it",
    )
