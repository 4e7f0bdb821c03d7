"""What is looked at: who asks for a gradient, modes of the norms, and every number after two steps of training."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from resnetlab.exercises.given import draw_numbers, equal, residual_network
from resnetlab.exercises.observation import Case, Check, Observation, drawn

SPACE = {
    "parts": (("stem",), ("stem", "layer1"), ("layer1", "layer2"), ("layer2",), ("stem", "layer1", "layer2"), ()),
    "kind": ("basic", "bottleneck"),
    "mode_before": (True, False),
}


def given(case: Case) -> nn.Sequential:
    network = residual_network(case, case["kind"], (1, 1))
    head: Any = network.head
    channels = head.fc.in_features
    del network.head
    network.add_module("layer10", nn.Sequential(nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels)))
    network.add_module("head", head)
    draw_numbers(case, network)
    return network.train(case["mode_before"])


def probe(answer: Any, case: Case, observation: Observation) -> None:
    network = given(case)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    left = answer.freeze(network, case["parts"])
    asking = [name for name, parameter in network.named_parameters() if parameter.requires_grad]
    observation.gradient("parameters that ask for one", asking)
    if not isinstance(left, list | tuple):
        observation.stop("what freeze gave back", left, "a list")
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    observation.output("what freeze gave back", [names.get(id(one), "no parameter of the network") for one in left])
    for step in range(2):
        answer.to_training_mode(network, case["parts"])
        norms = [name for name, part in network.named_modules() if isinstance(part, nn.BatchNorm2d) and part.training]
        observation.mode("norms in training mode", norms)
        network.zero_grad()
        F.cross_entropy(network(drawn(case, f"images {step}", 4, 3, 6, 6)), torch.tensor([0, 1, 2, 0])).backward()
        _step(left)
    buffers = dict(network.named_buffers())
    for name, tensor in network.state_dict().items():
        changed = not equal(tensor, before[name])
        (observation.buffers if name in buffers else observation.output)(f"{name} changed", changed)


def _step(parameters: Sequence[nn.Parameter]) -> None:
    """SGD by hand: `torch.optim` loads PyTorch's compiler, which takes as long as all the rest."""
    with torch.no_grad():
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.sub_(0.1 * (parameter.grad + 0.1 * parameter))


def library() -> SimpleNamespace:
    from resnetlab.training.freezing import freeze
    from resnetlab.training.stages import stages

    def frozen(network: nn.Module, parts: tuple[str, ...]) -> list[nn.Parameter]:
        assert set(parts) <= set(stages(network))
        if parts:
            freeze(network, parts)
        return [parameter for parameter in network.parameters() if parameter.requires_grad]

    return SimpleNamespace(freeze=frozen, to_training_mode=lambda network, parts: network.train())


def told(case: Case) -> str:
    mode = "training" if case["mode_before"] else "evaluation"
    return f"frozen: {', '.join(case['parts']) or 'nothing'}; {case['kind']} blocks, given in {mode} mode"


CHECK = Check(SPACE, probe, library, trials=12, told=told)
