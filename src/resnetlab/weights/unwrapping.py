"""From what a checkpoint holds to the tensors of its network: wrappers and prefixes taken off, nothing renamed yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from resnetlab.core.errors import WeightsError

WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "params")
AVERAGES = ("state_dict_ema", "model_ema", "ema_state_dict", "model_ema_state_dict", "ema", "params_ema")
PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")
COUNTERS_OF_AVERAGES = ("n_averaged",)  # of torch.optim.swa_utils.AveragedModel


def unwrap(checkpoint: object, ema: bool = False) -> dict[str, Tensor]:
    """The state dict inside a checkpoint, without the prefixes that wrappers put before every key.

    Args:
        checkpoint: a state dict, or dicts around one, as training scripts save them.
        ema: take the moving average of the weights that is stored beside them.

    Raises:
        WeightsError: there is no state dict in it, or no average where one is wanted.
    """
    state = _find(checkpoint, AVERAGES if ema else (*WRAPPERS, *AVERAGES), found=not ema)
    if state is None:
        looked_for = "moving average of weights" if ema else "state dict"
        raise WeightsError(f"no {looked_for} in this checkpoint: it holds {_contents(checkpoint)}\n{_remedy(ema)}")
    keys = {key: key for key in state if key not in COUNTERS_OF_AVERAGES}
    while prefix := next((one for one in PREFIXES if keys and all(key.startswith(one) for key in keys)), None):
        keys = {key.removeprefix(prefix): full for key, full in keys.items()}
    return {key: state[full] for key, full in keys.items()}


def _find(checkpoint: object, wrappers: tuple[str, ...], found: bool) -> Mapping[str, Any] | None:
    """The innermost dict under these names; one with tensors of its own is a state dict, if a wrapper was found."""
    if not isinstance(checkpoint, Mapping):
        return None
    inner = (checkpoint[name] for name in wrappers if isinstance(checkpoint.get(name), Mapping))
    within = next((state for one in inner if (state := _find(one, wrappers, found=True)) is not None), None)
    if within is not None:
        return within
    holds_tensors = any(isinstance(value, Tensor) for value in checkpoint.values())
    return checkpoint if found and holds_tensors and all(isinstance(key, str) for key in checkpoint) else None


def _contents(checkpoint: object) -> str:
    if not isinstance(checkpoint, Mapping):
        return f"a {type(checkpoint).__name__}"
    return ", ".join(map(repr, list(checkpoint)[:8])) + (", …" if len(checkpoint) > 8 else "") or "nothing"


def _remedy(ema: bool) -> str:
    names = ", ".join(AVERAGES if ema else WRAPPERS)
    return f"looked for under: {names}" + ("; leave ema out to take the weights themselves" if ema else "")
