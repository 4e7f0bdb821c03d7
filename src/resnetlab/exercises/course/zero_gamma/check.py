"""What is looked at: every γ, β and sum of weights, what the blocks give for x ≥ 0, and which gradients are left."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from torch import nn

from resnetlab.exercises.given import blocks_of, mode_of, residual_network
from resnetlab.exercises.observation import Case, Check, Observation, drawn

SPACE = {"kind": ("basic", "bottleneck"), "depths": ((1,), (2,), (1, 1), (2, 2)), "training": (False, True)}


def probe(answer: Any, case: Case, observation: Observation) -> None:
    network = residual_network(case, case["kind"], case["depths"])
    before = {name: float(parameter.detach().sum()) for name, parameter in network.named_parameters()}
    answer.start_as_identity(network)
    for name, parameter in network.named_parameters():
        if parameter.ndim == 1:
            observation.output(name, parameter)
        else:
            observation.output(f"{name} is as it was", abs(float(parameter.detach().sum()) - before[name]) < 1e-6)
    for name, block in blocks_of(network):
        if block.downsample is None:
            x = drawn(case, name, 2, block.get_parameter("conv1.weight").shape[1], 3, 3).abs()
            observation.output(f"{name} of x ≥ 0", block.eval()(x))
    observation.gradient("trained", [name for name, each in network.named_parameters() if each.requires_grad])
    network.train(case["training"])
    network(drawn(case, "images", 4, 3, 6, 6)).square().sum().backward()
    learning = [name for name, each in network.named_parameters() if each.grad is not None and each.grad.any()]
    observation.gradient("with a gradient that is not zero", learning)


def library() -> SimpleNamespace:
    """As rows of the zoo with `zero_init_last` begin; here on a network that is there already."""

    def start_as_identity(network: nn.Sequential) -> None:
        for _, block in blocks_of(network):
            *_, last = (child for child in block.children() if isinstance(child, nn.BatchNorm2d))
            last.load_state_dict({name: held * 0 if name in ("weight", "bias") else held
                                  for name, held in last.state_dict().items()})  # fmt: skip

    return SimpleNamespace(start_as_identity=start_as_identity)


def told(case: Case) -> str:
    return f"{case['kind']} blocks, {' and '.join(map(str, case['depths']))} in a stage, {mode_of(case)}"


CHECK = Check(SPACE, probe, library, trials=10, told=told)
