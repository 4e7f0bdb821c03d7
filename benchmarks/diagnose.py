"""What a look at signal and gradients on every training step costs: a step of ResNet-20, batch 128, with and without.

A step is forward, backward and SGD. Beside ours, which reads one image in eight of every layer, stand two peers where
they are installed: torchlens, of which only the forward pass is watched and compared with a bare one; and cockpit, by
what it tells without gradients of single images, which no network with batch norm has: loss, norms of the gradients,
updates and distances of all parameters, nothing of the signal. All take turns with their bare twin in one run; figures
are medians of the ratios. Time is the process's own by default, which other work hardly lengthens; `--clock wall`
takes that of the wall.

    python benchmarks/diagnose.py --rounds 20
    pip install torchlens cockpit-for-pytorch 'setuptools<70'    # for the peers
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from pairs import compare, machine
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab import create_model
from resnetlab.analysis import Probe, read_gradients, read_signal

ALLOWED = 1.3
BATCH = 128


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--clock", choices=("process", "wall"), default="process")
    asked = parser.parse_args()
    clock = {"process": time.process_time, "wall": time.perf_counter}[asked.clock]
    torch.manual_seed(0)
    model, images, labels = (
        create_model("resnet20").train(),
        torch.randn(BATCH, 3, 32, 32),
        torch.randint(10, (BATCH,)),
    )
    step = Step(model, images, labels)
    print(f"{machine()}; {torch.get_num_threads()} threads, {asked.clock} time, {asked.rounds} rounds")
    found = compare(step.probed, step.bare, asked.rounds, timer(clock))
    print(f"ours: bare {found.theirs:.0f} ms, watched {found.ours:.0f} ms, ratio {found.ratio:.2f}", flush=True)
    if importlib.util.find_spec("torchlens") is None:
        print("torchlens: not measured, it is not installed")
    else:
        theirs = compare(step.traced, step.forward, max(asked.rounds // 4, 3), timer(clock))
        print(
            f"torchlens: bare forward {theirs.theirs:.0f} ms, watched {theirs.ours:.0f} ms, ratio {theirs.ratio:.2f}"
        )
    if importlib.util.find_spec("cockpit") is None:
        print("cockpit: not measured, it is not installed")
    else:
        theirs = compare(step.in_cockpit(), step.bare, asked.rounds, timer(clock))
        print(f"cockpit: bare {theirs.theirs:.0f} ms, watched {theirs.ours:.0f} ms, ratio {theirs.ratio:.2f}")
    print(f"allowed for ours: {ALLOWED}")
    return 0 if found.ratio <= ALLOWED else 1


class Step:
    """A training step, alone and watched."""

    def __init__(self, model: nn.Module, images: Tensor, labels: Tensor) -> None:
        self.model, self.images, self.labels = model, images, labels
        self.optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def bare(self) -> None:
        """Forward, backward, and SGD."""
        self.optimiser.zero_grad()
        F.cross_entropy(self.model(self.images), self.labels).backward()
        self.optimiser.step()

    def forward(self) -> None:
        """The forward pass alone."""
        self.model(self.images)

    def traced(self) -> None:
        """The forward pass alone, every output of it kept by torchlens."""
        import torchlens

        torchlens.trace(self.model, self.images)

    def in_cockpit(self) -> Callable[[], None]:
        """A step with cockpit's loss, gradient norms, updates and distances."""
        from cockpit import Cockpit, quantities
        from cockpit.utils.schedules import linear

        always = linear(interval=1)
        kinds = (quantities.Loss, quantities.GradNorm, quantities.UpdateSize, quantities.Distance)
        cockpit = Cockpit(self.model.parameters(), quantities=[kind(track_schedule=always) for kind in kinds])
        count = itertools.count()

        def watched() -> None:
            number = next(count)
            self.optimiser.zero_grad()
            losses = F.cross_entropy(self.model(self.images), self.labels, reduction="none")
            loss = losses.mean()
            told = {"batch_size": BATCH, "individual_losses": losses, "loss": loss, "optimizer": self.optimiser}
            with cockpit(number, info=told):
                loss.backward(create_graph=cockpit.create_graph(number))
            self.optimiser.step()

        return watched

    def probed(self) -> None:
        """With mean, deviation, dead units and gradient of every layer read and told."""
        with Probe(self.model) as probe:
            self.bare()
        read_signal(probe)
        read_gradients(probe)


def timer(clock: Callable[[], float]) -> Callable[[Callable[[], Any]], float]:
    """Seconds that something takes by a clock."""

    def took(work: Callable[[], Any]) -> float:
        began = clock()
        work()
        return clock() - began

    return took


if __name__ == "__main__":
    sys.exit(main())
