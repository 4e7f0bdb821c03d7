"""A network that two processes share out, trained, saved and gone on with; and the same in one process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.nn import functional as F

from held_memory import HeldMemory
from resnetlab import create_model
from resnetlab.actions.runs.network import network_to_train
from resnetlab.actions.runs.starting_state import Numbers, starting_state
from resnetlab.actions.runs.train_settings import TrainSettings, settings_from
from resnetlab.analysis.untouched import weightless_copy
from resnetlab.data.preparation import Batch
from resnetlab.training import loop
from resnetlab.training.distributed import World, total
from resnetlab.training.loop import StepRule
from resnetlab.training.sharding import one_piece, shard, whole
from resnetlab.training.shares import load_shares, save_shares
from resnetlab.training.state import TrainingState
from resnetlab.training.synchronised_norm import synchronise_norms
from resnetlab.training.validation import ValidationScores, validate

OPTIMISERS = {
    "sgd": lambda parameters: optim.SGD(parameters, 0.1, momentum=0.9, weight_decay=0.01),
    "adamw": lambda parameters: optim.AdamW(parameters, 0.01),
}
CLASSES = tuple("0123456789")
REST = {"step": 1, "losses": [0.5, 0.25], "name": "äöü", "best": None}


def begin(world: World, optimiser: str, seed: int = 0) -> tuple[nn.Module, optim.Optimizer]:
    torch.manual_seed(seed)
    model = create_model("resnet20", num_classes=10, width=4, depths="1/1/1").double()
    model = synchronise_norms(model)
    if world.rank:
        model = weightless_copy(model)  # the first one's numbers are everybody's
    model = shard(model, world)
    return model, OPTIMISERS[optimiser](model.parameters())


def take_step(model: nn.Module, optimiser: optim.Optimizer, number: int, world: World) -> Tensor:
    random = torch.Generator().manual_seed(number)
    images = torch.randn(8, 3, 8, 8, generator=random, dtype=torch.float64)[world.rank :: world.ranks]
    labels = torch.randint(10, (8,), generator=random)[world.rank :: world.ranks]
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimiser.step()
    optimiser.zero_grad()
    return loss.detach()


def of_the_loop(world: World) -> dict[str, Any]:
    """Two steps as the loop takes them: each of a batch in two parts, its gradient shortened."""
    model, optimiser = begin(world, "sgd")
    schedule = optim.lr_scheduler.ConstantLR(optimiser, 1.0, 1)
    state = TrainingState(model, optimiser, schedule, runs=model)
    random = torch.Generator().manual_seed(4)
    images = torch.randn(8, 3, 8, 8, generator=random, dtype=torch.float64)[world.rank :: world.ranks]
    labels = torch.randint(10, (8,), generator=random)[world.rank :: world.ranks]
    for _ in range(2):
        loop.take_step(state, Batch(images, labels), StepRule(F.cross_entropy, clip=0.01, accumulate=2))
    return {"losses": state.losses, **seen(model, optimiser)}


def seen(model: nn.Module, optimiser: optim.Optimizer) -> dict[str, Any]:
    return {"model": whole(model.state_dict()), "optimiser": whole(optimiser.state_dict())}


def scores(model: nn.Module, world: World) -> ValidationScores:
    """Of nine images in batches of four, of which the last has one: none for the second of two processes."""
    random = torch.Generator().manual_seed(9)
    images = torch.randn(9, 3, 8, 8, generator=random, dtype=torch.float64)
    labels = torch.randint(10, (9,), generator=random)
    shares = [numbers[world.rank :: world.ranks] for numbers in torch.arange(9).split(4)]
    return validate(model, [Batch(images[share], labels[share]) for share in shares], total=total)


def in_one_piece(world: World) -> dict[str, Tensor]:
    """A network that was shared out and made whole again, on the first process."""
    model = create_model("resnet20", num_classes=10, width=4, depths="1/1/1")
    gather = one_piece(model)
    return dict(gather(shard(model, world)).state_dict())


def commands_network(world: World, shard: bool = True) -> nn.Module:
    """What `resnetlab train` begins with."""
    asked = settings_from(TrainSettings, model="resnet32[width=32]", data="digits", shard=shard, seed=3)
    start = network_to_train(asked, CLASSES, 1)
    return starting_state(asked, start, world, Numbers.of(asked, world), (10, 5)).model


def beginning(world: World) -> dict[str, Any]:
    """The command's network in shares, and the most that was held of it until then."""
    with HeldMemory() as held:
        model = commands_network(world)
    return {"model": whole(model.state_dict()), "most": held.most}


def on_one_rank(world: World, folder: Path) -> dict[str, Any]:
    torch.manual_seed(3)
    found: dict[str, Any] = {"in one piece": in_one_piece(world) if world.rank == 0 else len(in_one_piece(world))}
    found["beginning"] = beginning(world)
    found["of the loop"] = of_the_loop(world)
    for name in OPTIMISERS:
        model, optimiser = begin(world, name, seed=world.rank)  # the first one's beginning is everybody's
        save_shares(folder / f"{name}-of-two-0", model, optimiser, {})
        losses = [take_step(model, optimiser, 1, world)]
        held = sum(parameter.to_local().numel() for parameter in model.parameters())
        save_shares(folder / f"{name}-of-two", model, optimiser, REST)
        losses.append(take_step(model, optimiser, 2, world))
        found[f"{name}, scores"] = vars(scores(model, world))
        found[name] = {"losses": losses, "held": held, **seen(model, optimiser)}
        for source, key in (("two", "gone on"), ("one", "gone on from one")):
            model, optimiser = begin(world, name, seed=5)
            rest = load_shares(folder / f"{name}-of-{source}", model, optimiser)
            take_step(model, optimiser, 2, world)
            found[f"{name}, {key}"] = {"rest": rest, **seen(model, optimiser)}
    return found
