"""What the tests of the standard tier's claims share: planted results, their verdicts, a small network on digits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from resnetlab.data import load_data
from resnetlab.experiments.base import Claim, Measures, Results
from resnetlab.experiments.judge import judge_claim
from resnetlab.experiments.tiers import Tier
from resnetlab.nn import ResidualNetwork
from resnetlab.weights import create_model

SEEDS = range(5)


def planted(arms: Mapping[str, Measures], tier: Tier = Tier.STANDARD) -> Results:
    """Every arm with these measures for five seeds, numbers and lists off by a little that differs by seed and arm."""
    random = np.random.default_rng(0)

    def near(value: object) -> object:
        if isinstance(value, bool | int | str) or (isinstance(value, list) and isinstance(value[0], str)):
            return value
        return (np.asarray(value, dtype=float) * (1 + 1e-3 * random.standard_normal())).tolist()

    return Results(
        {arm: {seed: {k: near(v) for k, v in at.items()} for seed in SEEDS} for arm, at in arms.items()}, tier
    )


def words(claim: Claim, results: Results) -> list[str]:
    """The claim's verdict, then those of the tier's parts."""
    word, parts = judge_claim(claim, results, results.tier, 60)
    tiers = [part.tiers for part in claim.parts]
    return [word, *(part.verdict for part, own in zip(parts, tiers, strict=True) if results.tier in own)]


def small(**fields: Any) -> ResidualNetwork:
    torch.manual_seed(0)
    model = create_model("resnet20", 10, 1, width=4, depths=(2, 2, 2), **fields)
    assert isinstance(model, ResidualNetwork)
    return model


def images(count: int = 4) -> torch.Tensor:
    return load_data("digits").train_images[:count]
