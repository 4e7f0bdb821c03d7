"""What is looked at: the norms by name, and whether gradients, hooks, modes or running averages are left changed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.exercises.given import (
    EVERY_MODE,
    MODES,
    alike,
    hooks_on,
    modes_of,
    residual_network,
    running_averages,
    set_mode,
)
from resnetlab.exercises.observation import Case, Check, Observation, drawn

SPACE = {
    "kind": ("basic", "bottleneck"),
    "depths": ((1,), (2,), (1, 1)),
    "images": (2, 3, 5),
    "mode": MODES,
    "gradients_before": (False, True),
}


def probe(answer: Any, case: Case, observation: Observation) -> None:
    network = residual_network(case, case["kind"], case["depths"])
    set_mode(network, case["mode"])
    if case["gradients_before"]:
        for parameter in network.parameters():
            parameter.grad = torch.ones_like(parameter)
    before = running_averages(network)
    images = drawn(case, "images", case["images"], 3, 6, 6)
    norms = answer.gradient_norms(network, images, torch.arange(case["images"]) % 3)
    if not isinstance(norms, dict):
        observation.stop("what was given back", norms, "a dict")
    observation.output("layers", sorted(str(name) for name in norms))
    observation.at = "gradient"
    for name in sorted(norms):
        value = norms[name]
        observation.gradient(f"norm at {name}", value.item() if isinstance(value, Tensor) else value)
    kept = all(_is_as_it_was(parameter.grad, case["gradients_before"]) for parameter in network.parameters())
    observation.gradient(".grad of the parameters is as it was", kept)
    observation.mode("in training", modes_of(network))
    observation.mode("hooks left behind", hooks_on(network))
    observation.buffers("running averages moved", not alike(before, running_averages(network)))


def _is_as_it_was(gradient: Tensor | None, filled: bool) -> bool:
    if gradient is None or not filled:
        return gradient is None and not filled
    return bool((gradient == 1).all())


def library() -> SimpleNamespace:
    from resnetlab.analysis import probe_gradients

    def gradient_norms(network: nn.Module, images: Tensor, labels: Tensor) -> dict[str, float | None]:
        report = probe_gradients(network, images, lambda logits: F.cross_entropy(logits, labels))
        return {layer.name: layer.output_norm for layer in report.layers if layer.kind == "Conv2d"}

    return SimpleNamespace(gradient_norms=gradient_norms)


def told(case: Case) -> str:
    before = ", .grad filled before" if case["gradients_before"] else ""
    return f"{case['images']} images, {case['kind']} blocks {case['depths']}{before}; mode: {case['mode']}"


CHECK = Check(SPACE, probe, library, always=EVERY_MODE, trials=12, told=told, tolerance=1e-3, pairs=False)
