"""With batch norm the loss and its gradient change less along the gradient.

Santurkar et al. 2018 look from many points of training in the direction of the gradient: with batch norm the loss
varies less and the gradient changes less (Figure 4a and b). They take this smoothness, and not a reduced covariate
shift, for what makes batch norm help.

Protocol: ResNet-8 with batch norm, and without, descends on the loss of the same 200 images with its full gradient
(rate 0.02, momentum 0.9). Where the loss first falls to 2, 1.5, 1 and 0.5, the network is looked at: both stand at the
same loss, and steps against the gradient have the same five lengths, 0.1 to 0.5. Measured are the range of the loss
over these steps and the largest Euclidean change of the gradient. The effect is the mean of the logarithm, without
batch norm minus with it, over the two losses above 1, and over the two others: the claim speaks of all of training, so
all four parts decide. A run that does not come down to a loss within 500 steps of the one before is refused.

On natural images: up to 2,000 steps in place of 500, for 200 natural images are harder to tell apart.

What this does not show: that smoothness is why batch norm helps. A step of one length is not the same for both: with
batch norm there are γ and β to move, and the loss does not depend on the scale of the weights before it. Nor do the
two networks come to a loss after as many steps or by the same way.
"""

from __future__ import annotations

from functools import partial

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from resnetlab.core.errors import ResnetlabError
from resnetlab.experiments.base import Arm, Claim, Kind, Measures, Part, Results, Run
from resnetlab.experiments.resnet8 import resnet8
from resnetlab.experiments.tiers import by_tier
from resnetlab.pages.figures import curves
from resnetlab.specs.papers import SANTURKAR_2018, Source

IMAGES = 200
LEVELS = (2.0, 1.5, 1.0, 0.5)  # of the loss
SPANS = {"above 1": slice(0, 2), "of 1 and below": slice(2, 4)}
LENGTHS = (0.1, 0.2, 0.3, 0.4, 0.5)  # of the steps, Euclidean
MOST_STEPS = by_tier(quick=500, standard=2000)  # from one level to the next
SEEDS = 8
ARMS = (Arm("without BN", settings="none", seeds=SEEDS), Arm("with BN", settings="batch", seeds=SEEDS))


def measure(run: Run) -> Measures:
    images, labels = run.data.train_images[:IMAGES], run.data.train_labels[:IMAGES]
    model = resnet8(run.data, norm=run.arm.settings)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    refuse_few_classes(model, images, labels)
    views = []
    for level in LEVELS:
        descend(model, optimiser, (images, labels), level, MOST_STEPS[run.tier])
        views.append(look_along_gradient(model, images, labels))
    loss, loss_range, gradient_change = torch.tensor(views).T
    return {
        "losses": loss.tolist(),
        "log_ranges": loss_range.log().tolist(),
        "log_changes": gradient_change.log().tolist(),
    }


def refuse_few_classes(model: nn.Module, images: Tensor, labels: Tensor) -> None:
    """Pass where the untrained network's loss is above all that it is looked at.

    Raises:
        ResnetlabError: it is not, so that the two networks would not be looked at where their losses are equal.
    """
    with torch.no_grad():
        loss = F.cross_entropy(model(images), labels).item()
    if loss <= LEVELS[0]:
        raise ResnetlabError(
            f"the loss begins at {loss:.3g} and not above {LEVELS[0]:g}\ngive data of ten classes or more"
        )


def descend(
    model: nn.Module, optimiser: torch.optim.Optimizer, batch: tuple[Tensor, Tensor], level: float, most_steps: int
) -> None:
    """Go on training until the loss is no higher than `level`.

    Raises:
        ResnetlabError: it is still higher after `most_steps`: the network cannot be looked at where others are.
    """
    images, labels = batch
    for _ in range(most_steps):
        loss = F.cross_entropy(model(images), labels)
        if loss.item() <= level:
            return
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    raise ResnetlabError(f"the loss is {loss.item():.3g} after {most_steps} steps and not at {level:g}")


def look_along_gradient(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, float, float]:
    """The loss here; its range over the steps against the gradient; the largest change of the gradient there."""
    here = parameters_to_vector(model.parameters()).detach()
    loss, gradient = loss_and_gradient(model, images, labels)
    losses, changes = [loss], []
    for length in LENGTHS:
        vector_to_parameters(here - length * gradient / gradient.norm(), model.parameters())
        loss_there, gradient_there = loss_and_gradient(model, images, labels)
        losses.append(loss_there)
        changes.append((gradient_there - gradient).norm().item())
    vector_to_parameters(here, model.parameters())
    return loss, max(losses) - min(losses), max(changes)


def loss_and_gradient(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, Tensor]:
    loss = F.cross_entropy(model(images), labels)
    gradients = torch.autograd.grad(loss, list(model.parameters()))  # those of images with channels last are so too
    return loss.item(), torch.cat([gradient.flatten() for gradient in gradients])


def log_ratios(results: Results, of: str) -> Tensor:
    """Without minus with, (seeds, levels)."""
    without, with_norm = (torch.from_numpy(results.values(arm.name, of)) for arm in ARMS)
    return without - with_norm


def mean_log_ratio(results: Results, of: str, levels: slice) -> list[float]:
    means: list[float] = log_ratios(results, of)[:, levels].mean(dim=1).tolist()
    return means


PARTS = tuple(
    Part(f"{what} less with BN at losses {span}", partial(mean_log_ratio, of=of, levels=levels), 0, "log ratio")
    for what, of in (("the loss varies", "log_ranges"), ("the gradient changes", "log_changes"))
    for span, levels in SPANS.items()
)


def finding(results: Results) -> str:
    seeds = len(results.of(ARMS[0].name))
    loss, gradient = (listed(log_ratios(results, of).mean(0).exp()) for of in ("log_ranges", "log_changes"))
    return (
        f"Where the loss is {listed(torch.tensor(LEVELS))}, it varies {loss} times as much without batch norm as with "
        f"it, and the gradient changes {gradient} times as much (geometric means over {seeds} seeds)."
    )


def listed(numbers: Tensor) -> str:
    *most, last = (f"{number:.2g}" for number in numbers.tolist())
    return f"{', '.join(most)} and {last}"


def figure(results: Results) -> Figure:
    lines = {"range of the loss": "log_ranges", "change of the gradient": "log_changes"}
    drawn = curves(
        {name: log_ratios(results, of).numpy() for name, of in lines.items()},
        x="training loss where the network is looked at",
        y="ln (without BN / with BN)",
        x_values=LEVELS,
    )
    (axes,) = drawn.axes
    axes.axhline(0, color="black", linewidth=1)
    axes.invert_xaxis()  # training goes to the right
    axes.set_xticks(LEVELS)
    return drawn


CLAIM = Claim(
    slug="bn_smooths_landscape",
    doc=__doc__,
    source=Source(SANTURKAR_2018, "Figure 4"),
    kinds=(Kind.TRAINS,),
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
