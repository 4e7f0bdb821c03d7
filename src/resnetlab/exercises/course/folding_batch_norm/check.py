"""What is looked at: the output of the folded convolution, its gradient of x, and that what was given is as it was."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from torch import nn

from resnetlab.exercises.given import draw_numbers
from resnetlab.exercises.observation import Case, Check, Observation, drawn

SPACE = {
    "channels": (2, 4),
    "outputs": (2, 4, 6),
    "kernel": (1, 3),
    "stride": (1, 2),
    "padding": (0, 1),
    "dilation": (1, 2),
    "groups": (1, 2),
    "bias": (False, True),
    "affine": (True, False),
    "epsilon": (1e-5, 0.5),
    "variance": (1.0, 1e-4),
}


def probe(answer: Any, case: Case, observation: Observation) -> None:
    options = {name: case[name] for name in ("stride", "padding", "dilation", "groups", "bias")}
    conv = nn.Conv2d(case["channels"], case["outputs"], case["kernel"], **options)
    bn = nn.BatchNorm2d(case["outputs"], eps=case["epsilon"], affine=case["affine"])
    draw_numbers(case, conv)
    draw_numbers(case, bn)
    assert bn.running_var is not None
    bn.running_var.mul_(case["variance"])
    conv.eval()
    bn.eval()
    before = {name: tensor.clone() for part in (conv, bn) for name, tensor in part.state_dict().items()}
    folded = observation.module("what was given back", answer.fold(conv, bn))
    x = drawn(case, "x", 2, case["channels"], 7, 6).requires_grad_()
    y = observation.tensor("y", folded(x))
    observation.output("y", y)
    observation.output("batch norms left in it", sum(isinstance(part, nn.BatchNorm2d) for part in folded.modules()))
    after = {name: tensor for part in (conv, bn) for name, tensor in part.state_dict().items()}
    for name, tensor in before.items():
        observation.output(f"the given {name} is as it was", bool((tensor == after[name]).all()))
    observation.gradients(y, x=x)


def library() -> SimpleNamespace:
    from torch.nn.utils import fuse_conv_bn_eval

    return SimpleNamespace(fold=fuse_conv_bn_eval)


def possible(case: Case) -> bool:
    return bool(case["kernel"] > 1 or case["dilation"] == 1)


def told(case: Case) -> str:
    given = ", ".join(f"{name} {case[name]}" for name in ("kernel", "stride", "padding", "dilation", "groups"))
    bias = "a bias" if case["bias"] else "no bias"
    norm = f"ε {case['epsilon']}, σ² about {case['variance']}, {'γ and β' if case['affine'] else 'no γ, no β'}"
    return f"{case['channels']} to {case['outputs']} channels, {given}, {bias}, {norm}"


CHECK = Check(SPACE, probe, library, trials=16, possible=possible, told=told, tolerance=1e-3)
