"""What each of two processes sees of the other, and of a network that both train."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.training.distributed import (
    World,
    after_first,
    agree_on_buffers,
    anywhere,
    barrier,
    connected_ranks,
    exchanging,
    from_first,
    in_step,
    in_turn,
    mean_over_ranks,
    replicate,
    total,
)


def network() -> nn.Module:
    """Without batch norm, whose statistics would be each process's own."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 1), nn.Flatten(), nn.LazyLinear(3)).double()


def global_batch(count: int = 8) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(1)
    images = torch.randn(count, 3, 5, 5, generator=random, dtype=torch.float64)
    return images, torch.randint(3, (count,), generator=random)


def gradients(model: nn.Module) -> list[Tensor]:
    return [parameter.grad for parameter in model.parameters()]


def on_one_rank(world: World, folder: Path) -> dict[str, Any]:
    own = torch.tensor([1.0, 10.0]) * (world.rank + 1)
    found: dict[str, Any] = {
        "ranks": connected_ranks(),
        "total": total(own),
        "own": own,
        "anywhere": [anywhere(flag) for flag in (False, True, world.rank == 1)],
        "from first": from_first(lambda: f"rank {world.rank}"),
        "after first": after_first(lambda: _note(folder / "order.txt", world.rank)),
        "in turn": in_turn(lambda: _note(folder / "turns.txt", world.rank)),
        "gathered": world.gather(world.rank * "x"),
        "mean": mean_over_ranks(own),
        "gradients": _gradients(world, parts=1, channels_last=False),
        "gradients of parts": _gradients(world, parts=3, channels_last=False),
        "gradients, channels last": _gradients(world, parts=1, channels_last=True),
        "buffers": _buffers(world),
        "in step": [_in_step(world, first, asked_at=None) for first in (3, 1)] + [_in_step(world, 1, asked_at=2)],
    }
    try:
        from_first(_fails)
    except (SystemExit, ZeroDivisionError) as error:
        found["failed"] = repr(error)
    barrier()
    return found


def killed(world: World, folder: Path) -> None:
    """Rank 1 is killed while rank 0 waits for it."""
    if not world.is_first:
        os.kill(os.getpid(), signal.SIGKILL)
    barrier()


def _in_step(world: World, first: int, asked_at: int | None) -> list[int]:
    """What was given of items of which rank 0 has `first` and the other 2; rank 1 asks to leave before its item."""
    given: list[int] = []
    wish = iter(range(1, 9))

    def leave_if(asked: bool) -> None:
        if asked:
            raise InterruptedError

    try:
        items = range(2 if world.rank else first)
        given.extend(in_step(items, leave_if, lambda: next(wish) == asked_at and world.rank == 1))
    except InterruptedError:
        given.append(-1)
    return given


def _fails() -> None:
    raise ZeroDivisionError


def _note(file: Path, rank: int) -> str:
    with file.open("a") as notes:
        notes.write(str(rank))
    return file.read_text()


def _gradients(world: World, parts: int, channels_last: bool) -> list[Tensor]:
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = network()
    model(global_batch()[0])
    if not world.is_first:  # what a process begins with does not matter
        for parameter in model.parameters():
            nn.init.zeros_(parameter)
    replica = replicate(model.to(memory_format=layout), world)
    images, labels = (tensor[world.rank :: world.ranks] for tensor in global_batch())
    pieces = list(zip(images.tensor_split(parts), labels.tensor_split(parts), strict=True))
    for number, (some, theirs) in enumerate(pieces):
        with exchanging(replica, number == parts - 1):
            loss = F.cross_entropy(replica(some.contiguous(memory_format=layout)), theirs)
            (loss * len(some) / len(images)).backward()
    return gradients(model)


def _buffers(world: World) -> dict[str, Tensor]:
    model = nn.BatchNorm2d(3)
    replica = replicate(model, world)
    for _ in range(2):
        replica(torch.randn(4, 3, 2, 2, generator=torch.Generator().manual_seed(world.rank)))
    before = model.running_mean.clone()
    agree_on_buffers(model)
    return {"before": before, "after": model.running_mean, "count": model.num_batches_tracked}
