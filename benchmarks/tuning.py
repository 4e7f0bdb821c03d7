"""The learning rates of `identity_is_easy`: each arm's best of one grid, on seeds that no verdict uses.

python benchmarks/tuning.py
python benchmarks/tuning.py --tier standard --data imagefolder:FOLDER
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import statistics

import torch

from resnetlab.core.folders import cache_folder
from resnetlab.experiments.base import Arm, Run
from resnetlab.experiments.benches import Bench, make_bench
from resnetlab.experiments.claims import identity_is_easy as claim
from resnetlab.experiments.tiers import Tier

GRID = (0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
SEEDS = (9000, 9001, 9002)


def error_at(arm: Arm, lr: float, bench: Bench) -> float:
    """Mean over the seeds of the logarithm of the error; worse than anything where a run diverged."""
    tried = dataclasses.replace(arm, settings=(arm.settings[0], dict.fromkeys(Tier, lr)))
    errors = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        errors.append(claim.measure(Run(tried, seed, bench.data, tier=bench.tier))["log_error"])
    return statistics.fmean(errors) if all(map(math.isfinite, errors)) else math.inf


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tier", choices=tuple(Tier), default=Tier.QUICK)
    parser.add_argument("--data")
    asked = parser.parse_args()
    bench = make_bench(Tier(asked.tier), asked.data, cache_folder() / "data")
    for arm in (claim.PLAIN, claim.RESIDUAL):
        errors = {lr: error_at(arm, lr, bench) for lr in GRID}
        best = min(errors, key=errors.__getitem__)
        print(f"{arm.name}: best rate {best:g}, the claim has {arm.settings[1][bench.tier]:g}")
        print("  " + ", ".join(f"{lr:g}: {error:.2f}" for lr, error in errors.items()))


if __name__ == "__main__":
    main()
