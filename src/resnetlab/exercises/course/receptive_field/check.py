"""What is looked at: size, stride and start of the receptive field, beside the library's arithmetic for any module."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

from resnetlab.exercises.observation import Case, Check, Observation

DEPTHS = (1, 2, 3, 5, 0)
SPACE = {
    "depth": DEPTHS,
    "kernels": ((3,), (1, 3), (3, 5, 7)),
    "strides": ((1,), (1, 2), (2, 3)),
    "dilations": ((1,), (1, 2), (3,)),
    "padded": (False, True),
}
Layer = tuple[int, int, int, int]


def layers_of(case: Case) -> list[Layer]:
    chance = random.Random(case["seed"])
    layers = []
    for _ in range(case["depth"]):
        kernel, dilation = chance.choice(case["kernels"]), chance.choice(case["dilations"])
        padding = chance.randint(1, kernel) if case["padded"] else 0
        layers.append((kernel, chance.choice(case["strides"]), padding, dilation))
    return layers


def probe(answer: Any, case: Case, observation: Observation) -> None:
    seen = answer.receptive_field(layers_of(case))
    if not isinstance(seen, tuple | list) or len(seen) != 3:
        observation.stop("what was given back", seen, "a tuple of three")
    for name, value in zip(("size", "stride", "start"), seen, strict=True):
        observation.output(name, value)


def library() -> SimpleNamespace:
    from torch import nn

    from resnetlab.analysis import measure_receptive_field

    def receptive_field(layers: list[Layer]) -> tuple[int, int, int]:
        if not layers:
            return 1, 1, 0
        convolutions = [nn.Conv2d(1, 1, k, stride=s, padding=p, dilation=d) for k, s, p, d in layers]
        field = measure_receptive_field(nn.Sequential(*convolutions), (1, 20_000, 20_000)).final
        size, start = field.size[0], field.start[0]
        assert size is not None
        assert start is not None
        return size, field.stride[0], start

    return SimpleNamespace(receptive_field=receptive_field)


def told(case: Case) -> str:
    layers = (f"{k}×{k}, stride {s}, padding {p}, dilation {d}" for k, s, p, d in layers_of(case))
    return "; ".join(layers) or "no layer"


ALWAYS: tuple[dict[str, Any], ...] = (
    *({"depth": depth} for depth in DEPTHS),
    {"depth": 3, "strides": (2, 3), "padded": True},
    {"depth": 3, "kernels": (3, 5, 7), "dilations": (3,)},
)
CHECK = Check(SPACE, probe, library, always=ALWAYS, trials=20, told=told)
