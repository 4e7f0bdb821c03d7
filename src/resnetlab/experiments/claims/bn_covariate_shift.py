"""Batch norm works by keeping the inputs of the layers from shifting.

Ioffe & Szegedy 2015 name what they reduce "internal covariate shift": the inputs of a layer change their distribution
as the layers before it learn, and the layer has to follow. Santurkar et al. 2018 put random noise behind every batch
norm, of another mean and variance in every step, so that inputs shift more than in a network without batch norm; it
trains nearly as well (their Figure 2), so that the shift cannot be what counts.

Protocol: ResNet-8 without batch norm, with it, and with noise behind every batch norm while it trains: every channel
is multiplied by a number around σ and shifted by one around μ (standard deviation 0.02 over images), σ from 1 to 1.05
and μ from −0.1 to 0.1 drawn anew in every step: a fifth of the paper's, with which inputs shift more than without
batch norm already, and not ten times as much. All are trained for six epochs by SGD in batches of 128, one cycle up to
the rate 0.05. What shift means is fixed beforehand: of the inputs of all convolutions but the first, on the same 128
training images in training mode, before a step and before the next one, the change of a channel's mean over its
standard deviation plus the change of the logarithm of its standard deviation, averaged over channels, layers and every
tenth step. The claim is affirmed where noise, if it makes inputs shift as much as without batch norm, costs 0.1 of the
logarithm of the final training loss; where it does not make them shift so, nothing is decided.

What this does not show: what batch norm does instead; see `bn_smooths_landscape`. Other definitions of shift are
possible (Santurkar et al. use gradients too). Noise itself makes training harder in other ways, so that a noisy
network that trains worse would not have shown that it is the shift.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import OneCycleLR

from resnetlab.analysis.untouched import preserved
from resnetlab.experiments.base import Arm, Claim, Contrast, Kind, Measures, Part, Results, Run
from resnetlab.experiments.resnet8 import resnet8
from resnetlab.experiments.statistics import Verdict
from resnetlab.experiments.tiers import NATURAL
from resnetlab.pages.figures import draw_curves, label, new_figure, seeds_text
from resnetlab.specs.papers import SANTURKAR_2018, Source
from resnetlab.training import evaluate

EPOCHS, BATCH, RATE, EVERY = 6, 128, 0.05, 10
MOST_MEAN, MOST_SCALE, OVER_IMAGES = 0.1, 1.05, 0.02
SEEDS = 5
NONE, WITH, NOISY = "without BN", "with BN", "BN and noise"
ARMS = (Arm(NONE, "none", SEEDS), Arm(WITH, "batch", SEEDS), Arm(NOISY, "noisy", SEEDS))


class NoiseBehind(nn.Module):
    """A batch norm whose output is scaled and shifted at random while it trains."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(x)
        if not self.training:
            return y
        mean = (2 * torch.rand(y.shape[1]) - 1) * MOST_MEAN
        scale = 1 + torch.rand(y.shape[1]) * (MOST_SCALE - 1)
        mean, scale = (of + OVER_IMAGES * torch.randn(y.shape[:2]) for of in (mean, scale))
        return y * scale[:, :, None, None] + mean[:, :, None, None]


def network(run: Run) -> nn.Module:
    model = resnet8(run.data, norm="none" if run.arm.settings == "none" else "batch")
    if run.arm.settings == "noisy":
        for name, norm in [named for named in model.named_modules() if isinstance(named[1], nn.BatchNorm2d)]:
            model.set_submodule(name, NoiseBehind(norm))
    return model


def measure(run: Run) -> Measures:
    model, images, labels = network(run), run.data.train_images, run.data.train_labels
    steps = EPOCHS * (len(labels) // BATCH)
    optimiser = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9, weight_decay=1e-4)
    schedule = OneCycleLR(optimiser, RATE, total_steps=steps, cycle_momentum=False)
    order = torch.Generator().manual_seed(run.seed)
    losses: list[float] = []
    shifts: list[float] = []
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(labels), generator=order)[: steps // EPOCHS * BATCH].split(BATCH):
            looks = len(losses) % EVERY == 0
            before = inputs_of_layers(model, images[:BATCH]) if looks else []
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            losses.append(loss.item())
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            if looks:
                shifts.append(shift_between(before, inputs_of_layers(model, images[:BATCH])))
    train_loss, _ = evaluate(model, images, labels)
    diverged = not all(map(math.isfinite, (*losses, *shifts, train_loss)))
    if diverged:
        train_loss, shifts = losses[0], [shifts[0]] * len(shifts)  # it counts as untrained
    return {
        "log_train_loss": math.log(train_loss),
        "log_shift": math.log(np.mean(shifts)),
        "shifts": shifts,
        "diverged": diverged,
    }


@torch.no_grad()
def inputs_of_layers(model: nn.Module, images: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Mean and standard deviation of each channel that enters a convolution, but for the first; statistics stay."""
    found: list[tuple[Tensor, Tensor]] = []

    def note(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        found.append((inputs[0].mean(dim=(0, 2, 3)), inputs[0].std(dim=(0, 2, 3)) + 1e-5))

    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)][1:]
    hooks = [layer.register_forward_pre_hook(note) for layer in layers]
    with preserved(model):
        model(images)
    for hook in hooks:
        hook.remove()
    return found


def shift_between(before: list[tuple[Tensor, Tensor]], after: list[tuple[Tensor, Tensor]]) -> float:
    """Over channels and layers: the change of the mean over the standard deviation, plus that of ln deviation."""
    changes = [
        ((mean - old_mean).abs() / old_std + (std / old_std).log().abs()).mean()
        for (old_mean, old_std), (mean, std) in zip(before, after, strict=True)
    ]
    return torch.stack(changes).mean().item()


CAUSES, RESTORES, REDUCES = (
    "noise that makes inputs shift costs training loss",
    "noise makes inputs shift no less than without BN",
    "BN alone makes inputs shift less than without BN",
)
PARTS = (
    Part(CAUSES, Contrast("log_train_loss", plus=(NOISY,), minus=(WITH,)), 0.1, "log training loss", tiers=NATURAL),
    Part(RESTORES, Contrast("log_shift", plus=(NOISY,), minus=(NONE,)), 0.0, "log shift", tiers=NATURAL),
    Part(REDUCES, Contrast("log_shift", plus=(NONE,), minus=(WITH,)), 0.0, "log shift", tiers=NATURAL),
)


def rule(parts: Mapping[str, Verdict]) -> Verdict:
    """What noise costs decides, where it made the inputs shift."""
    return parts[CAUSES] if parts[RESTORES] is Verdict.SUPPORTED else Verdict.INCONCLUSIVE


def finding(results: Results) -> str:
    loss, shift = (
        [math.exp(results.values(arm.name, of).mean()) for arm in ARMS] for of in ("log_train_loss", "log_shift")
    )
    return (
        f"In a step the inputs shift by {shift[0]:.2g} without batch norm, {shift[1]:.2g} with it and {shift[2]:.2g} "
        f"with noise behind it; the final training losses are {loss[0]:.2f}, {loss[1]:.2f} and {loss[2]:.2f} "
        "(geometric means over seeds)."
    )


def figure(results: Results) -> Figure:
    drawn, (left, right) = new_figure(columns=2)
    draw_curves(left, {arm.name: results.values(arm.name, "shifts") for arm in ARMS})
    label(left, f"training step, in {EVERY}s", "shift of the layers' inputs", log_y=True)
    for place, arm in enumerate(ARMS):
        values = np.exp(results.values(arm.name, "log_train_loss"))
        right.plot(np.full(len(values), place), values, "o", color="black", alpha=0.6, markersize=4.5)
    right.set_xticks(range(len(ARMS)), ["none", "BN", "BN, noise"])
    right.set_xlim(-0.5, len(ARMS) - 0.5)
    label(right, "", "final training loss")
    left.legend(frameon=False, fontsize=9, title=seeds_text({len(results.of(arm.name)) for arm in ARMS}, "band"))
    return drawn


CLAIM = Claim(
    slug="bn_covariate_shift",
    doc=__doc__,
    source=Source(SANTURKAR_2018, "§2, Figure 2, against Ioffe & Szegedy 2015"),
    kinds=(Kind.TRAINS,),
    tiers=NATURAL,
    trains_on_all=True,
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    rule=rule,
    finding=finding,
)
