"""Our networks in the names of other libraries and back, bit for bit: the same numbers under other names."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from resnetlab.core.errors import WeightsError
from resnetlab.specs import ModelSpec
from resnetlab.weights.fitting import Renamed, fill, misfit, rename
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
    fill(model, best_renaming(model, state_dict))


def best_renaming(model: nn.Module, state: Mapping[str, Tensor]) -> Renamed:
    """The state dict in the names of this network, by whatever layouts bring them together; else by the nearest.

    Args:
        model: ours, or anybody's whose names are of a known layout.
        state: in any known layout, or in the model's own.
    """
    as_they_are = rename(state)
    if not (faults := misfit(model, as_they_are)):
        return as_they_are
    target = model.state_dict().keys()
    pairs = [
        (source, goal)
        for source in LAYOUTS
        if source.recognises(state)
        for goal in (
            None,
            *(one for one in LAYOUTS if one.rows and one.family == source.family and one.recognises(target)),
        )
    ]
    renamings = [(faults, as_they_are)]
    for source, goal in pairs:
        renamed = rename(state, source, goal)
        if not (faults := misfit(model, renamed)):
            return renamed
        renamings.append((faults, renamed))
    return min(renamings, key=lambda pair: sum(map(len, pair[0].values())))[1]


def _to_library(library: str, model: nn.Module) -> dict[str, Tensor]:
    spec = getattr(model, "spec", None)
    if not isinstance(spec, ModelSpec):
        raise WeightsError(
            f"a {type(model).__name__} is no network of ours\nload its weights into one first: load_weights(ours, …)"
        )
    return dict(rename(model.state_dict(), target=layout_for(library, spec)).tensors)
