"""What is looked at: the error that each lesion adds, by name, and whether the network is as it was."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from resnetlab.exercises.given import EVERY_MODE, MODES, blocks_of, equal, modes_of, residual_network, set_mode
from resnetlab.exercises.observation import Case, Check, Observation, drawn

SPACE = {"kind": ("basic", "bottleneck"), "depths": ((2,), (3,), (2, 2), (1, 3)), "mode": MODES}
IMAGES = 48


def probe(answer: Any, case: Case, observation: Observation) -> None:
    network = residual_network(case, case["kind"], case["depths"], width=4)
    parts = list(network.modules())
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    images = drawn(case, "images", IMAGES, 3, 6, 6)
    with torch.no_grad():
        labels = network.eval()(images).argmax(1)  # a network that is right,
    set_mode(network, case["mode"])
    labels[: IMAGES // 4] = (labels[: IMAGES // 4] + 1) % 3  # but for a quarter
    added = answer.lesion_study(network, images, labels)
    if not isinstance(added, dict):
        observation.stop("what was given back", added, "a dict")
    observation.output("blocks", sorted(str(name) for name in added))
    for name in sorted(added):
        value = added[name]
        observation.output(f"error without {name}", value.item() if isinstance(value, Tensor) else value)
    observation.mode("in training", modes_of(network))
    same = [one is other for one, other in zip(parts, network.modules(), strict=False)]
    observation.mode("every module is in its place", len(same) == len(parts) and all(same))
    buffers = {name for name, _ in network.named_buffers()}
    now = network.state_dict()
    changed = {name for name in state if name in now and not equal(now[name], state[name])}
    observation.output("parameters changed", bool(changed - buffers))
    observation.buffers("running averages changed", bool(changed & buffers))


def library() -> SimpleNamespace:
    """Without taking the network apart: images go from block to block, past the one that is removed."""

    def lesion_study(network: Any, images: Tensor, labels: Tensor) -> dict[str, float]:
        modes = modes_of(network)
        network.eval()

        def error(removed: str = "") -> float:
            with torch.no_grad():
                h = network.stem(images)
                for name, block in blocks_of(network):
                    h = h if name == removed else block(h)
                return float((network.head(h).argmax(1) != labels).double().mean())

        whole = error()
        removable = [name for name, block in blocks_of(network) if block.downsample is None]
        added = {name: error(name) - whole for name in removable}
        for part, mode in zip(network.modules(), modes, strict=True):
            part.training = mode
        return added

    return SimpleNamespace(lesion_study=lesion_study)


def told(case: Case) -> str:
    return f"{case['kind']} blocks, stages of {case['depths']}; the network's mode: {case['mode']}"


CHECK = Check(SPACE, probe, library, always=EVERY_MODE, trials=10, told=told, pairs=False)
