"""Networks that do not fit one process: each holds a share of every parameter, of its gradient, and of the optimiser.

FSDP2 gathers a block's parameters when it is computed and lets them go again. Works on processors (gloo) as on GPUs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn, optim
from torch.distributed.tensor import DTensor, distribute_tensor

from resnetlab.analysis import find_blocks
from resnetlab.analysis.untouched import weightless_copy
from resnetlab.core.errors import ResnetlabError
from resnetlab.nn.late_numbers import Draw
from resnetlab.training.distributed import World, connected_ranks

Content = TypeVar("Content")


def shard(model: nn.Module, world: World, drawn: Draw | None = None) -> nn.Module:
    """Lay a network's parameters over all processes, block by block and in place; gives the network, on its device.

    Parameters and buffers become those of the first process, which alone needs to have any: they are sent round one by
    one, so that no device ever holds the whole. Buffers stay whole in every process. Make the optimiser afterwards, of
    the parameters that there are then.

    Args:
        model: anywhere; on the meta device in all processes but the first, if that is wanted. It is called as before;
            its gradients are averaged over all processes.
        world: this process; alone nothing is done.
        drawn: gives the numbers of what is on the meta device in the first process too, which then never holds more
            than one tensor of them.

    Raises:
        ResnetlabError: a parameter is a single number without dimensions, which FSDP2 cannot share out.
    """
    if world.ranks == 1:
        return model
    for name, parameter in model.named_parameters():
        if not parameter.ndim:
            raise ResnetlabError(
                f"{name} is one number, which cannot be shared out\nleave --shard out for this network"
            )
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    held = {name: tensor.detach() for name, tensor in _named_tensors(model)} if world.is_first else {}
    model.to("meta")
    mesh = init_device_mesh(world.device.partition(":")[0], (world.ranks,))
    for block in find_blocks(model).values():
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)
    model.to_empty(device=world.device)
    with torch.no_grad():
        for name, own in _named_tensors(model):
            _share_out(own, _numbers_of(name, held, drawn) if world.is_first else None)
    return model


def _numbers_of(name: str, held: dict[str, Tensor], drawn: Draw | None) -> Tensor:
    """Those that a tensor has, which are then held no more; else those that are drawn for it."""
    tensor = held.pop(name)
    return drawn(name) if tensor.is_meta and drawn is not None else tensor


def _share_out(own: Tensor, numbers: Tensor | None) -> None:
    """Make a tensor, of which each process has a share, what the first one's numbers are; it is whole for a moment."""
    if numbers is None:
        whole_one = torch.empty(own.shape, dtype=own.dtype, device=own.device)
    else:
        whole_one = numbers.to(own.device).contiguous()
    dist.broadcast(whole_one, src=0)
    own.copy_(_laid_out(whole_one, own))


def _named_tensors(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Parameters and buffers, each once."""
    yield from model.named_parameters()
    yield from model.named_buffers()


def one_piece(model: nn.Module) -> Callable[[nn.Module], nn.Module]:
    """Remembers what a network is, before it is shared out; gives what makes one in one piece of it then.

    All processes have to call that together. The first gets the network, in the processor's memory; the others get one
    without numbers.
    """
    empty = weightless_copy(model)

    def gathered(shared: nn.Module) -> nn.Module:
        tensors = whole(shared.state_dict())
        if dist.get_rank() == 0:
            empty.load_state_dict({name: tensor.cpu() for name, tensor in tensors.items()}, assign=True)
        return empty

    return gathered


def in_full(tensor: Tensor) -> Tensor:
    """The tensor of which each process has a share, on all of them; any other as it is."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def whole(content: Content) -> Content:
    """The same, with whole tensors in the place of shares: as a process that is alone would have it.

    All processes have to call it. The first gets tensors in the processor's memory; the others get empty ones.

    Args:
        content: tensors in dicts and lists, as `state_dict()` gives of a network or an optimiser.
    """
    first = connected_ranks() == 1 or dist.get_rank() == 0

    def gathered(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: gathered(part) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(gathered, value))
        if not isinstance(value, DTensor):
            return value
        full = value.full_tensor()
        return full.cpu() if first else full.new_empty(0)

    return gathered(content)


def share_out_network(tensors: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """A network's whole tensors, by name, laid over the processes as its own are; every process has all of them."""
    own = model.state_dict()
    return {name: _laid_out(tensor, own[name]) for name, tensor in tensors.items()}


def share_out_optimiser(state: Mapping[str, Any], optimiser: optim.Optimizer) -> dict[str, Any]:
    """An optimiser's whole `state_dict()`, laid over the processes as its parameters are; each has all of it.

    How a step is computed, by one fused kernel or not, stays as this optimiser has it: shares know no such kernel.
    """
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    laid_out = {
        number: {name: _laid_out(value, parameters[number]) for name, value in values.items()}
        for number, values in state["state"].items()
    }
    groups = [
        {**group, **{name: own[name] for name in ("fused", "foreach") if name in own}}
        for group, own in zip(state["param_groups"], optimiser.param_groups, strict=True)
    ]
    return {"state": laid_out, "param_groups": groups}


def _laid_out(value: Any, own: Tensor) -> Any:
    if not isinstance(own, DTensor) or not isinstance(value, Tensor) or value.shape != own.shape:
        return value
    return distribute_tensor(value.to(own.device), own.device_mesh, own.placements, src_data_rank=None)
