"""Scaling, gating, dropout or a 1×1 convolution on the shortcut hurts: the clean identity is best.

He et al. 2016, Table 1, put something on every skip of ResNet-110. On CIFAR-10 it then has 12.35 % test error with a
factor of ½ on both sides, 8.70 with an exclusive gate whose bias starts at −6, more than 20 with dropout of ½ and
12.22 with a 1×1 convolution, against 6.61 with the identity. Gates with biases from 0 to −5 failed. Their reason (Eq.
4): what stands on the skip is multiplied from block to block.

Protocol: residual-56 (option A) of the pool and its variants: a factor of ½ on skip and branch; an exclusive gate with
a bias of −6, and of 0, since the gate's bias decides how far it is open at first; dropout of ½; a 1×1 convolution;
each on every skip, all by the same schedule. A part asks for 0.1 more in the logarithm of the final training loss, in
evaluation mode; a network that ends above the loss it began with counts as untrained, and its run as diverged. Before
that, what 27 blocks whose branch is zero leave of x ≥ 0 is compared with the product: (½)²⁷ of the factors,
(1 − σ(−6))²⁷ = 0.935 of gates with zero weights.

What this does not show: that each would fail after long training, at its own learning rate, or that information is
lost where the loss is higher: gates and 1×1 convolutions could represent the identity, and are merely harder to train.
The paper's networks have 54 blocks, these 27.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from matplotlib.figure import Figure
from torch import nn

from resnetlab.experiments import pool
from resnetlab.experiments.base import Arm, Claim, Contrast, Exact, Kind, Measures, Outcome, Part, Results, Run
from resnetlab.experiments.tiers import NATURAL
from resnetlab.nn import BasicBlock
from resnetlab.nn.merges import GatedMerge
from resnetlab.pages.figures import strips
from resnetlab.specs.papers import HE_2016, Source
from resnetlab.specs.parts import Convolved, DroppedOut, Gated, Scaled, Shortcut

BLOCKS, CHANNELS = 27, 8
ROUNDING = 1e-12
HALVES, GATE = Scaled(0.5, branch_scale=0.5), Gated(-6.0)
CLEAN = "identity"
VARIANTS: dict[str, Shortcut] = {
    "factor ½": HALVES,
    "gate, bias −6": GATE,
    "gate, bias 0": Gated(0.0),
    "dropout ½": DroppedOut(0.5),
    "1×1 convolution": Convolved(),
}
ARMS = (
    pool.variant(CLEAN, "resnet56"),
    *(pool.variant(name, "resnet56", shortcut=shortcut) for name, shortcut in VARIANTS.items()),
)


def measure(run: Run) -> Measures:
    assert run.trained is not None
    lost = run.trained.train_loss > run.trained.untrained_loss
    return {
        "log_train_loss": math.log(run.trained.untrained_loss if lost else run.trained.train_loss),
        "diverged": lost or run.trained.history.diverged,
        "train_error": 100 * run.trained.train_error,
        "test_error": 100 * run.trained.test_error,
    }


def measure_attenuation(run: Run) -> Measures:
    """What a row of blocks without branches leaves of a signal, for each of two shortcuts."""
    x = torch.rand(2, CHANNELS, 4, 4).double() + 0.5
    return {
        "scaled": remaining(HALVES, x),
        "gated": remaining(GATE, x),
    }


@torch.no_grad()
def remaining(shortcut: Shortcut, x: torch.Tensor) -> float:
    blocks = nn.Sequential(*(BasicBlock(CHANNELS, CHANNELS, shortcut=shortcut) for _ in range(BLOCKS))).double().eval()
    for name, parameter in blocks.named_parameters():
        if "bn2" in name:
            parameter.zero_()
    for merge in blocks.modules():
        if isinstance(merge, GatedMerge):
            merge.gate.weight.zero_()
    return (blocks(x) / x).mean().item()


def is_product(results: Results, of: str, expected: float) -> Outcome:
    left = results.one(BARE.name)[of]
    return Outcome(abs(left / expected - 1) < ROUNDING, left, expected)


BARE = Arm("bare skips", measure=measure_attenuation, tiers=NATURAL)
PARTS: tuple[Part | Exact, ...] = (
    Exact("27 factors of ½ leave (½)²⁷", partial(is_product, of="scaled", expected=0.5**BLOCKS), NATURAL),
    Exact(
        "27 gates with a bias of −6 leave 0.935",
        partial(is_product, of="gated", expected=(1 - 1 / (1 + math.exp(6))) ** BLOCKS),
        NATURAL,
    ),
    *(
        Part(
            f"residual-56 trains worse with this on its skips: {name}",
            effect=Contrast("log_train_loss", plus=(name,), minus=(CLEAN,)),
            above=0.1,
            unit="log training loss",
            tiers=NATURAL,
        )
        for name in VARIANTS
    ),
)


def finding(results: Results) -> str:
    wrong = {arm.name: results.values(arm.name, "train_error").mean() for arm in ARMS}
    others = ", ".join(f"{wrong[name]:.1f} % with {name}" for name in VARIANTS)
    return f"Residual-56 gets {wrong[CLEAN]:.1f} % of its training images wrong with the identity; {others}."


def figure(results: Results) -> Figure:
    return strips({arm.name: results.values(arm.name, "log_train_loss") for arm in ARMS}, y="ln training loss")


CLAIM = Claim(
    slug="shortcut_variants",
    doc=__doc__,
    source=Source(HE_2016, "Table 1, Eq. 4"),
    kinds=(Kind.EXACT, Kind.POOL),
    tiers=NATURAL,
    arms=(BARE, *ARMS),
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
