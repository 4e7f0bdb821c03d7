"""Batch norms that are shared by processes, and the same work in each process and in one that has all images."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab import create_model
from resnetlab.training.distributed import World, replicate, total
from resnetlab.training.synchronised_norm import synchronise_norms


@dataclass(frozen=True)
class Case:
    """A batch norm in training: its options, its images, how many of them each of two ranks has.

    Args:
        tolerance: most relative difference of anything that comes out.
    """

    counts: tuple[int, int] = (3, 3)
    options: dict[str, Any] = field(default_factory=dict)
    kind: torch.dtype = torch.float64
    size: tuple[int, int] = (3, 2)
    shift: float = 0.0
    channels_last: bool = False
    tolerance: float = 1e-12


CASES = {
    "equal counts": Case(),
    "unequal counts": Case((5, 2)),
    "one value per channel on one rank": Case((1, 4), size=(1, 1)),
    "cumulative averages": Case(options={"momentum": None}),
    "another momentum and epsilon": Case(options={"momentum": 0.3, "eps": 0.1}),
    "without weights": Case(options={"affine": False}),
    "without running statistics": Case(options={"track_running_stats": False}),
    "channels last": Case((5, 2), channels_last=True),
    "float32": Case((5, 2), kind=torch.float32, tolerance=1e-5),
    "float32, mean far above deviation": Case((5, 2), kind=torch.float32, shift=1000.0, tolerance=1e-3),
    "bfloat16 in, float32 weights": Case((50, 20), kind=torch.bfloat16, channels_last=True, tolerance=2e-2),
}


def images_of(case: Case) -> Tensor:
    random = torch.Generator().manual_seed(0)
    images = torch.randn(sum(case.counts), 4, *case.size, generator=random, dtype=torch.float64) + case.shift
    layout = torch.channels_last if case.channels_last else torch.contiguous_format
    return images.to(case.kind).contiguous(memory_format=layout)


def pass_through(norm: nn.Module, images: Tensor, targets: Tensor) -> dict[str, Tensor]:
    """Outputs, the gradients of Σ output·target, and buffers, after two passes that move the running statistics."""
    x = images.detach().requires_grad_()
    norm(x)
    output = norm(x)
    (output * targets).sum().backward()
    found = {"output": output.detach(), "gradient of x": x.grad}
    found |= {f"gradient of {name}": parameter.grad for name, parameter in norm.named_parameters()}
    return found | dict(norm.named_buffers())


def norm_of(case: Case) -> nn.Module:
    norm = nn.BatchNorm2d(4, **case.options, dtype=torch.float64 if case.kind == torch.float64 else torch.float32)
    for name, start in (("weight", 0.5), ("bias", -1.0)):
        if getattr(norm, name) is not None:
            nn.init.uniform_(getattr(norm, name), start, start + 1, torch.Generator().manual_seed(1))
    return norm


def targets_of(case: Case) -> Tensor:
    return torch.randn(images_of(case).shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64).to(
        case.kind
    )


def small_network() -> nn.Module:
    torch.manual_seed(0)
    return create_model("resnet20", num_classes=10, width=4, depths="1/1/1").double()


def whole_batch() -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(3)
    return torch.randn(7, 3, 16, 16, generator=random, dtype=torch.float64), torch.randint(10, (7,), generator=random)


def on_one_rank(world: World, folder: Path) -> dict[str, Any]:
    """What one of two processes sees of every case, a network, and finite differences."""
    found: dict[str, Any] = {name: _case_on_rank(case, world) for name, case in CASES.items()}
    found["network"] = _network_on_rank(world)
    found["slopes"] = _slopes(world)
    return found


def _case_on_rank(case: Case, world: World) -> dict[str, Tensor]:
    mine = slice(0, case.counts[0]) if world.is_first else slice(case.counts[0], None)
    norm = synchronise_norms(norm_of(case))
    seen = pass_through(norm, images_of(case)[mine], targets_of(case)[mine])
    seen["evaluation"] = (
        norm.eval()(images_of(case)[mine]).detach() if case.options.get("track_running_stats", 1) else None
    )
    return seen


def _network_on_rank(world: World) -> dict[str, Tensor]:
    model = synchronise_norms(small_network())
    replica = replicate(model, world)
    images, labels = (tensor[world.rank :: world.ranks] for tensor in whole_batch())
    loss = F.cross_entropy(replica(images), labels) * len(images) * 2 / 7  # DDP averages
    loss.backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    return {"loss": total(loss.detach()) / world.ranks, **gradients, **dict(model.named_buffers())}


def _slopes(world: World) -> dict[str, Tensor]:
    """∂(loss of both ranks)/∂x by autograd and by central differences, x being moved on one rank after the other."""
    random = torch.Generator().manual_seed(world.rank)
    norm = synchronise_norms(nn.BatchNorm2d(2, dtype=torch.float64))
    x = torch.randn(3 - world.rank, 2, 2, 1, generator=random, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(x.shape, generator=random, dtype=torch.float64)

    def loss(moved: Tensor) -> Tensor:
        return (norm(moved).sin() * weights).sum()

    loss(x).backward()
    measured = torch.zeros_like(x)
    for rank, count in enumerate((12, 8)):
        for place in range(count):
            step = torch.zeros(x.numel(), dtype=torch.float64)
            if world.rank == rank:
                step[place] = 1e-6
            with torch.no_grad():
                change = total(loss(x + step.view_as(x))) - total(loss(x - step.view_as(x)))
            if world.rank == rank:
                measured.view(-1)[place] = change / 2e-6
    return {"autograd": x.grad, "measured": measured}
