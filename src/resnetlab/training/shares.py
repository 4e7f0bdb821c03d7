"""A training saved in shares, each by the process that holds it, and read again by any number of processes.

By torch.distributed.checkpoint: no process ever has the whole. Where the first one has room for that, `checkpoints.py`
writes it in one piece.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.default_planner import DefaultSavePlanner
from torch.distributed.checkpoint.filesystem import FileSystemWriter
from torch.distributed.checkpoint.metadata import TensorStorageMetadata
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save

from resnetlab.core.errors import CheckpointError
from resnetlab.training.cautious_shares import CautiousPlanner, CautiousReader
from resnetlab.training.distributed import agree_on_buffers, connected_ranks


def save_shares(folder: Path, model: nn.Module, optimiser: optim.Optimizer, rest: Mapping[str, Any]) -> None:
    """Save a training, each process its share; whole once `folder/.metadata` is there, which is written last.

    Buffers are those of the first process. (`get_optimizer_state_dict` of PyTorch takes a step to have a state: before
    the first one it would leave a momentum behind that holds the weight decay.)

    Args:
        folder: a new one, that all processes see.
        model: laid over the processes, or not.
        optimiser: of its parameters.
        rest: numbers and texts in dicts and lists, equal in all processes.
    """
    agree_on_buffers(model)
    state = optimiser.state_dict()
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {
        f"optimiser.{number}.{name}": value
        for number, values in state["state"].items()
        for name, value in values.items()
    }
    content = tensors | {"numbers": {"groups": state["param_groups"], "rest": dict(rest)}}
    planner = DefaultSavePlanner(flatten_state_dict=False, flatten_sharded_tensors=False)
    with _alone_is_meant() as alone:
        save(content, storage_writer=FileSystemWriter(folder), planner=planner, no_dist=alone)


def load_shares(folder: Path, model: nn.Module, optimiser: optim.Optimizer) -> dict[str, Any]:
    """Bring network and optimiser to where those were that `save_shares` saved; gives the rest that was saved.

    Args:
        folder: that it was saved to, by any number of processes.
        model: the same network, laid over these processes, or not. Nothing in it is changed where reading fails.
        optimiser: of its parameters, made as the saved one was.

    Raises:
        CheckpointError: nothing whole stands there, it is of another network, or it asks to run code.
    """
    reader = CautiousReader(folder)
    known = reader.read_metadata().state_dict_metadata
    own = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    differ = {name for name in known if name.startswith("model.")} ^ own.keys()
    if differ:
        raise CheckpointError(f"{folder} is of another network: {', '.join(sorted(differ)[:3])} differ\ngive that one")
    content: dict[str, Any] = {name: torch.zeros_like(tensor) for name, tensor in own.items()}
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    for name, told in known.items():
        if name.startswith("optimiser."):
            content[name] = _place_for(told, parameters[int(name.split(".")[1])])
    content["numbers"] = None
    try:
        with _alone_is_meant() as alone:
            load(content, storage_reader=reader, planner=CautiousPlanner(), no_dist=alone)
    except CheckpointException as error:
        reason = repr(next(iter(error.failures.values()))[0])[:200]
        raise CheckpointError(f"{folder} cannot be read: {reason}\ngo on from an older one") from error
    state: dict[int, dict[str, Any]] = {}
    for name in known:
        if name.startswith("optimiser."):
            _, number, key = name.split(".", 2)
            state.setdefault(int(number), {})[key] = content[name]
    model.load_state_dict({name: content[f"model.{name}"] for name in model.state_dict()})
    optimiser.load_state_dict({"state": state, "param_groups": content["numbers"]["groups"]})
    return content["numbers"]["rest"]


@contextlib.contextmanager
def _alone_is_meant() -> Iterator[bool]:
    """Whether this process is alone; PyTorch's warning that it takes it for so is not needed."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "torch.distributed is disabled, unavailable or uninitialized")
        yield connected_ranks() == 1


def _place_for(told: Any, parameter: Tensor) -> Tensor | None:
    """Room for what the optimiser keeps of a parameter: shares where that has them, and it is as large."""
    if not isinstance(told, TensorStorageMetadata):
        return None
    if told.size == parameter.shape:
        return torch.zeros_like(parameter, dtype=told.properties.dtype)
    return torch.zeros(told.size, dtype=told.properties.dtype)
