"""What every claim of a tier costs, for `resnetlab lab list`: each arm measured once, in one thread's processor time.

python benchmarks/lab_costs.py
python benchmarks/lab_costs.py --tier standard --data imagefolder:FOLDER

A network of the pool is trained for ten steps, which is multiplied by all that its plan has, and evaluated; what an
arm takes is multiplied by its seeds. Claims that are named are measured again, others keep what they have.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

import resnetlab.experiments
from resnetlab.core.machine import describe_environment
from resnetlab.experiments.base import Arm, Claim, Run
from resnetlab.experiments.benches import Bench, at_tier, make_bench
from resnetlab.experiments.ledger import claims_of
from resnetlab.experiments.tiers import Tier
from resnetlab.experiments.trained import TrainedNetwork, Training, train_or_load
from resnetlab.training import evaluate
from resnetlab.weights import create_model

FILE = Path(resnetlab.experiments.__file__).parent / "costs.json"
COMMAND = "python benchmarks/lab_costs.py --tier {tier} --data DATA"
STEPS = 10  # of each network
PAPER_STEPS, BATCH, SIZE = 3, 128, 32  # of ResNet-20 as papers have it


def trained(training: Training, bench: Bench, claim: Claim, folder: Path) -> tuple[TrainedNetwork, float | None]:
    """A network after ten steps, and what all of its plan takes; None where it has been trained before."""
    whole = bench.data_for(claim).load()
    plan, file = training.plan, folder / f"{training}.pt"
    shown = STEPS * plan.batch_size
    part = replace(whole, train_images=whole.train_images[:shown], train_labels=whole.train_labels[:shown])
    is_new, started = not file.exists(), time.process_time()
    network = train_or_load(replace(training, plan=replace(plan, epochs=1)), part, 0, file)
    spent, started = time.process_time() - started, time.process_time()
    if not is_new:
        return network, None
    evaluate(network.model, whole.test_images, whole.test_labels)
    passing = (time.process_time() - started) / len(whole.test_labels)  # an image, forward
    a_step = (spent - passing * (2 * shown + len(whole.test_labels))) / STEPS
    images = 2 * len(whole.train_labels) + len(whole.test_labels)
    return network, passing * images + a_step * plan.epochs * (len(whole.train_labels) // plan.batch_size)


def measured(claim: Claim, arm: Arm, bench: Bench, network: TrainedNetwork | None) -> tuple[dict[str, Any], float]:
    """What an arm measures, and what that takes for one seed."""
    measure = arm.measure or claim.measure
    assert measure is not None
    torch.manual_seed(0)
    started = time.process_time()
    found = dict(measure(Run(arm, 0, bench.data_for(claim), network, bench.tier)))
    return found, time.process_time() - started


def cost_of_claim(claim: Claim, bench: Bench, folder: Path) -> tuple[float, dict[str, float]]:
    """Seconds of all arms and seeds, and of the networks that they need."""
    total, networks = 0.0, {}
    for arm in claim.arms:
        network = None
        if arm.training is not None:
            network, seconds = trained(arm.training, bench, claim, folder)
            if seconds is not None:
                networks[str(arm.training)] = round(seconds, 1)
        found, seconds = measured(claim, arm, bench, network)
        assert found
        total += seconds * arm.seeds
    return total, networks


def note(tier: Tier, slug: str, seconds: float, networks: dict[str, float]) -> None:
    """Write what a claim and its networks take into the file, which is read anew: another may have been at it."""
    costs = json.loads(FILE.read_text(encoding="utf-8"))
    kept = costs.setdefault(tier.value, {"claims": {}, "networks": {}})
    kept |= {"command": COMMAND.format(tier=tier), "processor": describe_environment()["processor"]}
    kept["claims"][slug] = round(seconds, 1)
    kept["networks"] |= networks
    FILE.write_text(json.dumps(costs, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def images_per_second() -> float:
    """Steps of ResNet-20, 16 channels wide, on images of 32×32."""
    model, images = create_model("resnet20"), torch.randn(BATCH, 3, SIZE, SIZE)
    spent = []
    for _ in range(PAPER_STEPS):
        started = time.process_time()
        F.cross_entropy(model(images), torch.zeros(BATCH, dtype=torch.long)).backward()
        spent.append(time.process_time() - started)
    return BATCH / min(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tier", choices=("quick", "standard"), default="quick")
    parser.add_argument("--data")
    parser.add_argument("claims", nargs="*", help="slugs; none for the whole tier")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    tier = Tier(asked.tier)
    with tempfile.TemporaryDirectory() as folder:
        bench = make_bench(tier, asked.data, Path(folder))
        for claim in claims_of(tier):
            if not asked.claims or claim.slug in asked.claims:
                seconds, networks = cost_of_claim(at_tier(claim, tier), bench, Path(folder))
                note(tier, claim.slug, seconds, networks)
                print(f"{claim.slug}: {seconds:.1f} s, and {sum(networks.values()):.1f} s a seed for new networks")
    costs = json.loads(FILE.read_text(encoding="utf-8")) | {"images_per_second": round(images_per_second(), 1)}
    FILE.write_text(json.dumps(costs, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
