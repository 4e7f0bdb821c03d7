"""What the probes cost: a forward and backward pass with every layer probed, over one without, in the same run.

ResNet-20, batch 128 of 32×32, training mode. Passes with and without take turns; the figure is the median of their
ratios, and 1.3 is the most that is allowed.

    python benchmarks/probes.py --rounds 40
"""

from __future__ import annotations

import argparse
import sys

import torch
from pairs import compare, machine
from torch.nn import functional as F

from resnetlab import create_model
from resnetlab.analysis import Probe, read_gradients, read_signal

ALLOWED = 1.3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="resnet20")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--one-in", type=int, default=8, help="images of the batch that one read image stands for")
    parser.add_argument("--rounds", type=int, default=40)
    asked = parser.parse_args()

    torch.manual_seed(0)
    model = create_model(asked.model)
    side = model.spec.input_size
    images = torch.randn(asked.batch, 3, side, side)
    labels = torch.randint(model.spec.num_classes, (asked.batch,))

    def bare() -> None:
        model.zero_grad()
        F.cross_entropy(model(images), labels).backward()

    def probed() -> None:
        with Probe(model, one_in=asked.one_in) as probe:
            bare()
        read_signal(probe)
        read_gradients(probe)

    found = compare(probed, bare, asked.rounds)
    print(machine())
    print(f"{asked.model}, batch {asked.batch}, one image in {asked.one_in} read, {asked.rounds} rounds")
    print(f"bare {found.theirs:.0f} ms, probed {found.ours:.0f} ms, ratio {found.ratio:.2f} (allowed {ALLOWED})")
    return 0 if found.ratio <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
