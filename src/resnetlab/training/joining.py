"""How a process that torchrun started learns its place, is connected to the others, and parts from them.

What goes wrong in one process, or in all of them alike, is said once.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from datetime import timedelta

import torch
import torch.distributed as dist

from resnetlab.core.errors import ResnetlabError
from resnetlab.training.distributed import World
from resnetlab.training.meeting import is_first_with, keeps_a_store, meet

# A process that hangs is given up after this time; one that was killed is noticed at once, by its closed connections.
PATIENCE = timedelta(minutes=10)
A_MOMENT = 1.0  # seconds
TOLD_BY_TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


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
    restarts, local_ranks = (
        int(os.environ.get(name, usual))
        for name, usual in (("TORCHELASTIC_RESTART_COUNT", "0"), ("LOCAL_WORLD_SIZE", str(ranks)))
    )
    return World(rank, ranks, local_rank, device, restarts, local_ranks)
