"""Several processes that train as one: who is who, what all of them know, and gradients of the global batch.

`torchrun --nproc-per-node 2 -m resnetlab train …` starts the same command twice and tells each process its rank. Every
function here does nothing in a process that is alone, so that the loop is written once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

Value = TypeVar("Value")


@dataclass(frozen=True)
class World:
    """One process among those that train together.

    Args:
        rank: its number, from 0.
        ranks: how many there are.
        local_rank: its number on this machine.
        device: where its tensors live: "cpu", "cuda:1".
        restarts: how often torchrun has started all of them again.
        local_ranks: how many are on this machine.
    """

    rank: int = 0
    ranks: int = 1
    local_rank: int = 0
    device: str = "cpu"
    restarts: int = 0
    local_ranks: int = 1

    @property
    def is_first(self) -> bool:
        """This process writes and prints; the others are silent."""
        return self.rank == 0

    def gather(self, mine: Value) -> list[Value]:
        """What each process has, in their order; all have to come here. What they give is pickled."""
        if connected_ranks() == 1:
            return [mine]
        found: list[Any] = [None] * self.ranks
        dist.all_gather_object(found, mine)
        return found


def connected_ranks() -> int:
    """How many processes are connected: 1 in a process that is alone."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def total(tensor: Tensor) -> Tensor:
    """The sum over all processes, on each of them; the tensor itself stays."""
    if connected_ranks() == 1:
        return tensor
    summed = tensor.clone()
    dist.all_reduce(summed)
    return summed


def mean_over_ranks(tensor: Tensor) -> Tensor:
    """The mean over all processes, on each of them; not finite where one is not, so that all stop together."""
    return tensor if connected_ranks() == 1 else total(tensor) / connected_ranks()


def anywhere(flag: bool) -> bool:
    """The flag is set in one process at least; all of them get the same answer, so that they stop at the same step."""
    return bool(_counted(flag)[0])


def in_step(items: Iterable[Value], leave_if: Callable[[bool], None], asks: Callable[[], bool]) -> Iterator[Value]:
    """The items, as long as no process wants to leave: before each, all of them ask each other.

    Those that have no more items go on asking until the last process is through, so that all leave at the same place.

    Args:
        items: of this process; others may have more or fewer.
        leave_if: is told each time whether any process asks to leave; leaves by an exception of its own.
        asks: whether this process does.
    """
    left = iter(items)
    while True:
        mine = list(islice(left, 1))
        asking, having = _counted(asks(), bool(mine))
        leave_if(bool(asking))
        yield from mine
        if not having:
            return


def _counted(*flags: bool) -> list[int]:
    """In how many processes each flag is set."""
    if connected_ranks() == 1:
        return list(map(int, flags))
    counts: list[int] = total(torch.tensor(flags, dtype=torch.int64, device=_device_of_messages())).tolist()
    return counts


def barrier() -> None:
    """Wait until every process has come here; NCCL only queues what it sends, so the answer is waited for."""
    total(torch.zeros(1, device=_device_of_messages())).item()


def from_first(make: Callable[[], Value]) -> Value:
    """What the first process makes, on every process; where it cannot, it alone says why and all of them leave.

    Args:
        make: is called in the first process only. What it gives is pickled.

    Raises:
        SystemExit: in the other processes, where it failed in the first.
    """
    if connected_ranks() == 1:
        return make()
    message: list[tuple[bool, Value | None]] = [(False, None)]
    first = dist.get_rank() == 0
    try:
        if first:
            message = [(True, make())]
    finally:  # an error goes on in the first process, after the others have been told
        dist.broadcast_object_list(message, src=0)
    made, value = message[0]
    if not made:
        raise SystemExit(2)
    return value  # type: ignore[return-value]  # it was made


def after_first(make: Callable[[], Value]) -> Value:
    """What each process makes for itself, the first one of each machine before the others: it downloads, they find it.

    The first of all comes before those of other machines, which may see the same folder.
    """
    if connected_ranks() == 1:
        return make()
    mine: list[Value] = []
    from_first(lambda: mine.append(make()))
    for comes_now in (dist.get_node_local_rank(fallback_rank=1) == 0, True):
        if comes_now and not mine:
            mine.append(make())
        barrier()
    return mine[0]


def in_turn(make: Callable[[], Value]) -> Value:
    """What each process makes for itself, one process after the other, so that little memory is taken at a time."""
    mine: list[Value] = []
    from_first(lambda: mine.append(make()))
    for rank in range(1, connected_ranks()):
        if rank == dist.get_rank():
            mine.append(make())
        barrier()
    return mine[0]


def replicate(model: nn.Module, world: World) -> nn.Module:
    """The network to call in training: its gradients are averaged over all processes; alone, the network itself.

    Where each process has an equal share of a batch, they are those of the mean loss over the whole of it.

    Parameters and buffers become those of the first process. Which parameters are trained must not change afterwards:
    replicate again where some are frozen or set free.

    Args:
        model: keeps its names and remains the one to save, to evaluate and to optimise.
        world: this process.
    """
    if world.ranks == 1:
        return model
    return DistributedDataParallel(model, gradient_as_bucket_view=True)


def exchanging(replica: nn.Module, wanted: bool) -> contextlib.AbstractContextManager[None]:
    """Whether a backward pass inside averages the gradients over all processes, or adds to those of this one alone.

    It is wanted for the last part of a batch: its gradients are exchanged with those of the parts before.
    """
    share_gradients = getattr(replica, "set_requires_gradient_sync", None)
    if share_gradients is not None:  # its parameters are shared out by FSDP2
        share_gradients(wanted)
    if wanted or not isinstance(replica, DistributedDataParallel):
        return contextlib.nullcontext()
    return replica.no_sync()


@torch.no_grad()
def agree_on_weights(model: nn.Module) -> None:
    """Give every process the first one's parameters, where it alone read them from a file; buffers stay."""
    if connected_ranks() > 1:
        for parameter in model.parameters():
            dist.broadcast(parameter, src=0)


@torch.no_grad()
def agree_on_buffers(model: nn.Module) -> None:
    """Give every process the first one's buffers, before an evaluation or a save.

    Batch norm without synchronisation sees another part of each batch in every process, so its running statistics
    differ after a step, until the next one begins; parameters never do.
    """
    if connected_ranks() > 1:
        for buffer in model.buffers():
            dist.broadcast(buffer, src=0)


def _device_of_messages() -> str:
    on_gpu = connected_ranks() > 1 and dist.get_backend() == "nccl"
    return f"cuda:{torch.cuda.current_device()}" if on_gpu else "cpu"
