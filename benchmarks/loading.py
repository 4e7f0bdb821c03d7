"""What loading a network costs beside the safetensors library's own two lines, in the same run.

ResNet-50 from `model.safetensors`: `resnetlab.weights.load_weights` into a network that is there, against
`load_state_dict(load_file(path))` into the same, which looks at no checksum; and `load_checkpoint`, which builds the
network too, against torchvision's constructor with the same two lines. They take turns; the figure is the median of
their ratios, and 1.2 is the most that is allowed for either.

    python benchmarks/loading.py --rounds 40
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torchvision
from safetensors.torch import load_file

from resnetlab import create_model
from resnetlab.core.machine import processor_name
from resnetlab.weights import load_checkpoint, load_weights, save

ALLOWED = 1.2
WARM_UP = 3


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def compare(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> tuple[float, float, float]:
    """Median milliseconds of both, and the median of their ratios."""
    for _ in range(WARM_UP):
        ours(), theirs()
    pairs = []
    for number in range(rounds):
        order = (ours, theirs) if number % 2 else (theirs, ours)
        took = {work: seconds(work) for work in order}
        pairs.append((took[ours], took[theirs]))
    mine, peers = (1000 * statistics.median(column) for column in zip(*pairs, strict=True))
    return mine, peers, statistics.median(one / other for one, other in pairs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="resnet50", help="a network that torchvision has too")
    parser.add_argument("--rounds", type=int, default=40)
    asked = parser.parse_args()

    model = create_model(asked.model)
    print(f"{processor_name()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        file = save(model, Path(folder))

        def built_and_filled() -> None:
            torchvision.models.get_model(asked.model).load_state_dict(load_file(file))

        ratios = []
        for what, ours, theirs in (
            (
                "into a network that is there",
                lambda: load_weights(model, file),
                lambda: model.load_state_dict(load_file(file)),
            ),
            ("building the network too", lambda: load_checkpoint(file), built_and_filled),
        ):
            mine, peers, ratio = compare(ours, theirs, asked.rounds)
            ratios.append(ratio)
            print(f"{asked.model}, {what}: {mine:.0f} ms, without resnetlab {peers:.0f} ms, ratio {ratio:.2f}")
    print(f"allowed {ALLOWED}")
    return 0 if max(ratios) <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
