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
DEEPEST = 8  # wrappers inside each other


def unwrap(checkpoint: object, ema: bool = False) -> dict[str, Tensor]:
    """The state dict inside a checkpoint, without the prefixes that wrappers put before every key.

    Args:
        checkpoint: a state dict, or dicts around one, as training scripts save them.
        ema: take the moving average of the weights that is stored beside them.

    Raises:
        WeightsError: there is no state dict in it, or no average where one is wanted.
    """
    return without_prefixes(find_state(checkpoint, ema))


def find_state(checkpoint: object, ema: bool = False) -> dict[str, Tensor]:
    """The state dict inside a checkpoint, with its keys as they are; as `unwrap`."""
    state = _find(checkpoint, AVERAGES, found=False) if ema else _find(checkpoint, WRAPPERS, found=True)
    if state is None and not ema:
        state = _find(checkpoint, AVERAGES, found=False)
    if state is None:
        looked_for = "moving average of weights" if ema else "state dict"
        raise WeightsError(f"no {looked_for} in this checkpoint: it holds {_contents(checkpoint)}\n{_remedy(ema)}")
    return {key: value for key, value in state.items() if key not in COUNTERS_OF_AVERAGES}


def without_prefixes(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors without what every key begins with, where that is the prefix of a wrapper."""
    keys = {key: key for key in state}
    while prefix := next((one for one in PREFIXES if keys and all(key.startswith(one) for key in keys)), None):
        keys = {key.removeprefix(prefix): full for key, full in keys.items()}
    return {key: state[full] for key, full in keys.items()}


def holds_only_an_average(checkpoint: object) -> bool:
    """Whether a checkpoint has a moving average of weights, and not the weights themselves."""
    return _find(checkpoint, WRAPPERS, found=True) is None and _find(checkpoint, AVERAGES, found=False) is not None


def _find(
    checkpoint: object, wrappers: tuple[str, ...], found: bool, deepest: int = DEEPEST
) -> Mapping[str, Any] | None:
    """The innermost dict under these names; one with tensors of its own is a state dict, if a wrapper was found."""
    if not isinstance(checkpoint, Mapping) or not deepest:
        return None
    inner = (checkpoint[name] for name in wrappers if isinstance(checkpoint.get(name), Mapping))
    states = (_find(one, wrappers, True, deepest - 1) for one in inner)
    within = next((state for state in states if state is not None), None)
    if within is not None:
        return within
    holds_tensors = any(isinstance(value, Tensor) for value in checkpoint.values())
    return checkpoint if found and holds_tensors and all(isinstance(key, str) for key in checkpoint) else None


def _contents(checkpoint: object) -> str:
    if not isinstance(checkpoint, Mapping):
        return f"a {type(checkpoint).__name__}"
    names = [repr(key)[:80] for key in list(checkpoint)[:8]]
    return ", ".join([*names, *(["…"] if len(checkpoint) > 8 else [])]) or "nothing"


def _remedy(ema: bool) -> str:
    names = ", ".join(AVERAGES if ema else WRAPPERS)
    return f"looked for under: {names}" + ("; leave ema out to take the weights themselves" if ema else "")
