"""Several processes that train as one: who is who, what all of them know, and gradients of the global batch.

`torchrun --nproc-per-node 2 -m resnetlab train …` starts the same command twice and tells each process its rank. Every
function here does nothing in a process that is alone, so that the loop is written once.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from resnetlab.core.errors import ResnetlabError
from resnetlab.training.meeting import is_first_with, keeps_a_store, meet

# A process that hangs is given up after this time; one that was killed is noticed at once, by its closed connections.
PATIENCE = timedelta(minutes=10)
A_MOMENT = 1.0  # seconds
TOLD_BY_TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")

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
    """

    rank: int = 0
    ranks: int = 1
    local_rank: int = 0
    device: str = "cpu"
    restarts: int = 0

    @property
    def is_first(self) -> bool:
        """This process writes and prints; the others are silent."""
        return self.rank == 0


@contextlib.contextmanager
def join(device: str = "cpu", patience: timedelta = PATIENCE) -> Iterator[World]:
    """This process's place among those that torchrun started, connected while the context lasts.

    Args:
        device: kind of device, "cpu" (connected by gloo) or "cuda" (by NCCL; each process of a machine takes a GPU).
        patience: how long a process waits for the others.

    Raises:
        ResnetlabError: the environment is incomplete, a process has no GPU, or contact to another process was lost.
    """
    world = find_place(device)
    if world.ranks == 1:
        yield world
        return
    on_gpu = world.device.startswith("cuda")
    if on_gpu:
        torch.cuda.set_device(world.device)
    try:
        _connect("nccl" if on_gpu else "gloo", world, patience)
        yield world
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and "gloo" not in str(error).lower():
            raise
        lost = ResnetlabError(
            f"rank {world.rank} of {world.ranks} lost another process: killed, hanging, or stopped by an error\n"
            "see the messages of the others; the last checkpoint is as it was: go on with --resume"
        )
        _say_once(lost, "lost another process")
        raise lost from error
    except ResnetlabError as error:
        _say_once(error, str(error))
        raise
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def _say_once(error: ResnetlabError, message: str) -> None:
    """Mark the error where another process came with the same message before; that one needs a moment to print it."""
    error.said_by_another = not is_first_with(message)
    if error.said_by_another:
        time.sleep(A_MOMENT)  # torchrun ends all processes as soon as one has failed


def _connect(backend: str, world: World, patience: timedelta) -> None:
    if keeps_a_store():
        store = meet(world.rank, world.ranks, patience)
        dist.init_process_group(backend, store=store, rank=world.rank, world_size=world.ranks, timeout=patience)
    else:
        dist.init_process_group(backend, timeout=patience)


def find_place(device: str) -> World:
    """What torchrun's environment says of this process.

    Raises:
        ResnetlabError: it is incomplete, or the device cannot serve so many processes.
    """
    if not {"RANK", "WORLD_SIZE"} & os.environ.keys():
        return World(device=device)
    if missing := [name for name in TOLD_BY_TORCHRUN if not os.environ.get(name, "")]:
        raise ResnetlabError(
            f"{', '.join(missing)} missing beside the environment's RANK or WORLD_SIZE\n"
            "start by torchrun, which sets all of them, or unset those two"
        )
    rank, ranks, local_rank = (int(os.environ[name]) for name in TOLD_BY_TORCHRUN[:3])
    if device == "cuda":
        if local_rank >= torch.cuda.device_count():
            raise ResnetlabError(
                f"--nproc-per-node {local_rank + 1} or more, and {torch.cuda.device_count()} GPUs on this machine\n"
                "start as many processes as there are GPUs, or give --device cpu"
            )
        device = f"cuda:{local_rank}"
    elif device != "cpu" and ranks > 1:
        raise ResnetlabError(
            f"--device {device} serves one process, not {ranks}\nleave torchrun, or give --device cpu"
        )
    return World(rank, ranks, local_rank, device, int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")))


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
    """Wait until every process has come here."""
    total(torch.zeros(1, device=_device_of_messages()))


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
    return value  # type: ignore[return-value]


def after_first(make: Callable[[], Value]) -> Value:
    """What each process makes for itself, the first one before the others: it downloads, they find it there."""
    if connected_ranks() == 1:
        return make()
    mine: list[Value] = []
    if dist.get_rank() == 0:
        from_first(lambda: mine.append(make()))
    else:
        from_first(lambda: None)
        mine.append(make())
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
