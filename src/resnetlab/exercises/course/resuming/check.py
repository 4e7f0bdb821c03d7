"""What is looked at: every number after a run undisturbed, and after two that were stopped and went on."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.exercises.given import draw_numbers
from resnetlab.exercises.observation import Case, Check, Observation, drawn

SPACE = {
    "stopped_after": (1, 2, 3),
    "goes_on_for": (1, 2, 3),
    "momentum": (0.9, 0.0),
    "dropout": (0.0, 0.5),
    "evaluated_between": (False, True),
}
BATCH, IMAGES = 6, 20


class Momentum:
    """SGD with momentum in the manner of `torch.optim`, which loads PyTorch's compiler: longer than all the rest.

    Like PyTorch's it gives out, and takes, the velocities themselves, and no copies.
    """

    def __init__(self, network: nn.Module, rate: float, momentum: float) -> None:
        self.parameters = list(network.parameters())
        self.rate, self.momentum = rate, momentum
        self.velocities: list[Tensor | None] = [None for _ in self.parameters]

    def zero_grad(self, set_to_none: bool = True) -> None:
        for parameter in self.parameters:
            parameter.grad = None if set_to_none else torch.zeros_like(parameter)

    @torch.no_grad()
    def step(self) -> None:
        for number, (parameter, velocity) in enumerate(zip(self.parameters, self.velocities, strict=True)):
            assert parameter.grad is not None
            moved = parameter.grad.clone() if velocity is None else velocity.mul_(self.momentum).add_(parameter.grad)
            self.velocities[number] = moved
            parameter.sub_(self.rate * moved)

    def state_dict(self) -> dict[str, Any]:
        return {"rate": self.rate, "velocities": list(self.velocities)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.rate, self.velocities = state["rate"], list(state["velocities"])


class Halving:
    """A schedule that halves the rate with every second step."""

    def __init__(self, optimiser: Momentum) -> None:
        self.optimiser, self.steps = optimiser, 0

    def step(self) -> None:
        self.steps += 1
        if self.steps % 2 == 0:
            self.optimiser.rate /= 2

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.steps = state["steps"]


class Run:
    """One training, and all that changes in it."""

    def __init__(self, case: Case) -> None:
        self.network = nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(case["dropout"]),
            nn.Flatten(), nn.Linear(64, 3),
        )  # fmt: skip
        draw_numbers(case, self.network)
        self.optimiser = Momentum(self.network, 0.1, case["momentum"])
        self.schedule = Halving(self.optimiser)
        self.generator = torch.Generator().manual_seed(case["seed"])
        self.step = 0
        self._images = drawn(case, "images", IMAGES, 2, 4, 4)
        self._labels = torch.arange(IMAGES) % 3

    def draw(self) -> tuple[Tensor, Tensor]:
        chosen = torch.randint(IMAGES, (BATCH,), generator=self.generator)
        return self._images[chosen], self._labels[chosen]


def probe(answer: Any, case: Case, observation: Observation) -> None:
    end = case["stopped_after"] + case["goes_on_for"]
    torch.manual_seed(case["seed"])
    run = Run(case)
    answer.train(run, case["stopped_after"])
    _look(observation, "at the stop", run)
    state = answer.checkpoint(run)
    if case["evaluated_between"]:
        run.network.eval()
    answer.train(run, end)
    _look(observation, "undisturbed", run)
    for again in ("resumed", "resumed once more"):
        torch.manual_seed(case["seed"] + 1)
        other = Run({**case, "seed": case["seed"] + 1})
        other._images, other._labels = run._images, run._labels
        if case["evaluated_between"]:
            other.network.eval()
        answer.resume(other, state)
        answer.train(other, end)
        _look(observation, again, other)


def _look(observation: Observation, when: str, run: Run) -> None:
    buffers = dict(run.network.named_buffers())
    observation.output(f"step, {when}", run.step)
    for name, tensor in run.network.state_dict().items():
        (observation.buffers if name in buffers else observation.output)(f"{name}, {when}", tensor)
    observation.output(f"learning rate, {when}", run.optimiser.rate)


def library() -> SimpleNamespace:
    """A run that is copied whole, with the states of its two sources of random numbers."""

    def train(run: Run, until: int) -> None:
        for _ in range(until - run.step):
            images, labels = run.draw()
            loss = F.cross_entropy(run.network.train()(images), labels)
            for parameter in run.network.parameters():
                parameter.grad = None
            loss.backward()
            run.optimiser.step()
            run.schedule.step()
            run.step += 1

    def checkpoint(run: Run) -> tuple[Any, Tensor, Tensor]:
        parts = {name: value for name, value in vars(run).items() if name != "generator"}
        return copy.deepcopy(parts), run.generator.get_state(), torch.get_rng_state()

    def resume(run: Run, state: tuple[Any, Tensor, Tensor]) -> None:
        vars(run).update(copy.deepcopy(state[0]))
        run.generator.set_state(state[1])
        torch.set_rng_state(state[2])

    return SimpleNamespace(train=train, checkpoint=checkpoint, resume=resume)


def told(case: Case) -> str:
    evaluated = ", evaluated before it goes on" if case["evaluated_between"] else ""
    return (f"stopped after {case['stopped_after']} steps, {case['goes_on_for']} more{evaluated}; "
            f"momentum {case['momentum']}, dropout {case['dropout']}")  # fmt: skip


CHECK = Check(SPACE, probe, library, trials=12, told=told, tolerance=1e-5, pairs=False)
