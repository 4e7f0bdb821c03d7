"""What a look at a network's health found, by rule and place."""

from __future__ import annotations

from torch import Tensor, nn

from resnetlab.analysis.health import HealthFinding
from resnetlab.analysis.health_judgement import judge
from resnetlab.analysis.health_look import look_at_health
from resnetlab.analysis.health_structure import read_structure

Batches = list[tuple[Tensor, Tensor]]


def diagnosed(model: nn.Module, batches: Batches, is_trained: bool = False) -> tuple[HealthFinding, ...]:
    """Every rule that fires on the network with these images."""
    image = batches[0][0].shape[1:]
    return judge(look_at_health(model, batches, is_trained), read_structure(model, tuple(image)))


def places(found: tuple[HealthFinding, ...], rule: str) -> list[str | None]:
    """Where a rule fired."""
    return [one.layer for one in found if one.rule == rule]
