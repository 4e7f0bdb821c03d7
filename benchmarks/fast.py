"""How right the recipe `fast` gets, and how soon: mean, standard deviation and interval over seeds.

Each seed is a process of its own, `resnetlab train --recipe fast`, timed from its start to its end, decoding and the
evaluation on the test images included, which are looked at once. 89 % within 600 s on two quiet cores are promised.

    python benchmarks/fast.py --data cifar10-jpeg --seeds 5

With --peer the notebook's loop (`tutorial_loop.py`) is trained for its three epochs too, and then a shorter `fast`,
whose rate falls over its own few steps: promised is at least the notebook's accuracy, 20 times sooner.

    python benchmarks/fast.py --data cifar10-jpeg --seeds 1 --peer
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from pairs import machine

PROMISED, AT_MOST, SOONER = 89.0, 600.0, 20.0
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Run:
    """What came out of one process.

    Args:
        top1: per cent of the test images.
        seconds: from its start to its end.
    """

    top1: float
    seconds: float


def train(data: Path, seed: int, flags: list[str]) -> Run:
    """One training by the recipe."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["-m", "resnetlab", "train", "--recipe", "fast", "--data", f"imagefolder:{data}"]
        command += ["--seed", str(seed), "--output", f"{folder}/run", "--quiet", "--json", *flags]
        began = time.perf_counter()
        told = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, text=True, check=True).stdout
        took = time.perf_counter() - began
    found = json.loads(told)
    assert found["evaluated_on"] == "test", found
    return Run(found["top1"], took)


def notebook(data: Path) -> Run:
    """The notebook's loop after its three epochs, at the last second that it tells."""
    command = [sys.executable, str(HERE / "tutorial_loop.py"), "--data", str(data)]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    print(told, end="")
    top1, seconds = re.findall(r"epoch 3: ([\d.]+) %.* (\d+) s", told)[0]
    return Run(float(top1), float(seconds))


def spread(values: list[float]) -> str:
    """Mean, sample standard deviation, and the 95 % interval of the mean by Student's t."""
    mean = statistics.mean(values)
    if len(values) < 2:
        return f"{mean:.2f} (one seed)"
    from scipy import stats

    deviation = statistics.stdev(values)
    half = stats.t.ppf(0.975, len(values) - 1) * deviation / len(values) ** 0.5
    return f"{mean:.2f} ± {deviation:.2f} (interval of the mean {mean - half:.2f} to {mean + half:.2f})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with train/ and test/")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--peer", action="store_true", help="train the notebook's loop too")
    parser.add_argument("--short", default="--steps 50", help="flags of the shorter training beside the notebook's")
    parser.add_argument("--flags", default="", help="more flags of resnetlab train, as '--optim.lr 0.1'")
    asked = parser.parse_args()

    print(machine())
    runs = []
    for seed in range(asked.seeds):
        runs.append(train(asked.data, seed, asked.flags.split()))
        print(f"seed {seed}: {runs[-1].top1:.2f} % of the test images, {runs[-1].seconds:.0f} s", flush=True)
    mean, slowest = statistics.mean(run.top1 for run in runs), max(run.seconds for run in runs)
    print(f"top-1 {spread([run.top1 for run in runs])} %, {spread([run.seconds for run in runs])} s")
    print(f"{PROMISED} % within {AT_MOST:.0f} s promised")
    kept = mean >= PROMISED and slowest <= AT_MOST
    if asked.peer:
        peer, short = notebook(asked.data), train(asked.data, 0, asked.short.split())
        sooner = peer.seconds / short.seconds
        print(f"the notebook's loop: {peer.top1:.2f} % after {peer.seconds:.0f} s")
        print(f"fast {asked.short}: {short.top1:.2f} % after {short.seconds:.0f} s, {sooner:.0f} times sooner")
        print(f"at least its accuracy {SOONER:.0f} times sooner promised")
        kept = kept and short.top1 >= peer.top1 and sooner >= SOONER
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
