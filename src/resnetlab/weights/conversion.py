"""Our networks in the names of other libraries and back, bit for bit: the same numbers under other names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from resnetlab.core.errors import WeightsError
from resnetlab.specs import ModelSpec
from resnetlab.weights.fitting import Renamed, misfit, name_of, put, refuse_misfit, rename
from resnetlab.weights.layouts import LAYOUTS, layout_for


def to_torchvision(model: nn.Module) -> dict[str, Tensor]:
    """The state dict that torchvision's network of this kind loads strictly, and computes the same logits with.

    Args:
        model: a network of ours; its tensors are shared, not copied.

    Raises:
        WeightsError: torchvision has no such network; the message names the field that it builds otherwise.
    """
    return _to_library("torchvision", model)


def to_timm(model: nn.Module) -> dict[str, Tensor]:
    """The state dict that timm's network of this kind loads strictly; as `to_torchvision`.

    timm's VGGs and pre-activation ResNets have convolutions for linear layers: there the tensors have their shape, and
    logits agree to rounding instead of to the bit.
    """
    return _to_library("timm", model)


def to_hf(model: nn.Module) -> dict[str, Tensor]:
    """The state dict that Hugging Face's ResNet or RegNet for classification loads strictly; as `to_torchvision`.

    `huggingface.hf_config(model.spec)` is the configuration that goes with it.
    """
    return _to_library("transformers", model)


def from_torchvision(model: nn.Module, state_dict: Mapping[str, Tensor]) -> None:
    """Fill a network of ours with the weights of torchvision's network of the same name.

    Args:
        model: changed in place, or not at all.
        state_dict: of torchvision's module, or as its published files hold it.

    Raises:
        WeightsError: a tensor is missing, is not expected or has another shape; all such keys are listed.
    """
    fill(model, state_dict)


def fill(model: nn.Module, *states: Mapping[str, Tensor]) -> None:
    """Fill a network from a state dict, by whatever layouts bring their names together.

    Args:
        model: ours, or anybody's whose names are of a known layout; changed in place, or not at all.
        states: the same tensors, in any known layout or in the model's own names; the first that fits is taken.

    Raises:
        WeightsError: none fits, and of the one that comes nearest all tensors at fault are listed; or the library that
            these names are from computes otherwise.
    """
    target = model.state_dict()
    refusals = []
    for renamed in (one for state in states for one in _renamings(target, state)):
        faults = misfit(target, renamed)
        if not faults:
            put(model, target, renamed)
            return
        refusals.append(faults)
    refuse_misfit(name_of(model), min(refusals, key=lambda faults: sum(map(len, faults.values()))))


def _renamings(target: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> Iterator[Renamed]:
    """Yields the state dict in names that the target may have: its own first, then by every pair of layouts."""
    yield rename(state)
    for source in LAYOUTS:
        if source.recognises(state):
            if not source.recognises(target):
                source.refuse_strangers(state)
            yield rename(state, source)
            for goal in LAYOUTS:
                if goal.rows and goal.family == source.family and goal.recognises(target):
                    yield rename(state, source, goal)


def _to_library(library: str, model: nn.Module) -> dict[str, Tensor]:
    spec = getattr(model, "spec", None)
    if not isinstance(spec, ModelSpec):
        raise WeightsError(
            f"a {type(model).__name__} is no network of ours\nload its weights into one first: load_weights(ours, …)"
        )
    return dict(rename(model.state_dict(), target=layout_for(library, spec)).tensors)
