"""The noise of batch statistics narrows the gap between training and test loss by more than 0.1.

Mean and variance of a batch are noisy estimates of those of all images: what a network makes of an image depends on
the others that come with it. Ioffe & Szegedy 2015 (§3.4), and many tutorials after them, say that batch norm
regularises by this.

Protocol: ResNet-8 is trained on 256 images, few enough to be overfitted, in batches of 64 for ten epochs (SGD with
momentum 0.9, weight decay 1e-4, one cycle up to the rate 0.1). Only one thing differs: whose mean and variance
normalise the 64 images: those of each 16 among them (noisier), of all 64 (as usual), or of all 256, the same in
every batch (no noise). Steps, order and loss are the same, and gradients pass through the statistics in all arms. At
the end all arms get the statistics of the 256 images; their gap is the test loss minus the training loss. The claim
rests on the usual batch; 0.1 is what the other claims about a loss ask too.

What this does not show: that batch norm regularises nowhere. Noise also slows the fit, and a network that fits less
has a smaller gap: whether anything is gained the test loss must tell. Networks without batch norm are not compared:
they differ in how well they are optimised.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import OneCycleLR

from resnetlab.analysis import reestimate_batchnorm
from resnetlab.experiments.base import Arm, Claim, Contrast, Kind, Measures, Part, Results, Run
from resnetlab.experiments.resnet8 import resnet8
from resnetlab.experiments.statistics import default_verdict
from resnetlab.pages.figures import strips
from resnetlab.specs.papers import IOFFE_2015, Source
from resnetlab.training import evaluate

IMAGES, BATCH, EPOCHS, RATE = 256, 64, 10, 0.1
SEEDS = 8
NOISY, USUAL, STILL = "of 16 images", "of 64, the batch", "of all 256, no noise"
ARMS = tuple(Arm(name, settings=size, seeds=SEEDS) for name, size in ((NOISY, 16), (USUAL, BATCH), (STILL, IMAGES)))


def measure(run: Run) -> Measures:
    images, labels = run.data.train_images[:IMAGES], run.data.train_labels[:IMAGES]
    model = resnet8(run.data)
    optimiser = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9, weight_decay=1e-4)
    schedule = OneCycleLR(optimiser, RATE, total_steps=EPOCHS * IMAGES // BATCH, cycle_momentum=False)
    order = torch.Generator().manual_seed(run.seed)
    losses = []
    for _ in range(EPOCHS):
        for batch in torch.randperm(IMAGES, generator=order).split(BATCH):
            loss = F.cross_entropy(logits_of(batch, run.arm.settings, model, images), labels[batch])
            losses.append(loss.item())
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
    model = reestimate_batchnorm(model, [images])
    train_loss, _ = evaluate(model, images, labels)
    test_loss, test_error = evaluate(model, run.data.test_images, run.data.test_labels)
    diverged = not all(map(math.isfinite, (*losses, train_loss, test_loss)))
    if diverged:
        train_loss = test_loss = losses[0]  # it counts as untrained
    gap = test_loss - train_loss
    return {
        "train_loss": train_loss,
        "test_loss": test_loss,
        "gap": gap,
        "test_error": test_error,
        "diverged": diverged,
    }


def logits_of(batch: Tensor, normalised_with: int, model: nn.Module, images: Tensor) -> Tensor:
    """The batch's logits, with the statistics of `normalised_with` images: of parts of the batch, or of all images."""
    if normalised_with == len(images):
        return model(images)[batch]
    return torch.cat([model(images[part]) for part in batch.split(normalised_with)])


PARTS = tuple(
    Part(
        f"the gap is narrower with the statistics of {size} images than without noise",
        effect=Contrast("gap", plus=(STILL,), minus=(arm,)),
        above=0.1,
        unit="loss",
    )
    for arm, size in ((USUAL, BATCH), (NOISY, 16))
)


def finding(results: Results) -> str:
    said = []
    for arm in ARMS:
        gap, train, test = (results.values(arm.name, of).mean() for of in ("gap", "train_loss", "test_loss"))
        said.append(f"{gap:.3f} with statistics {arm.name} (training {train:.3f}, test {test:.3f})")
    return f"The gap is {said[0]}, {said[1]}, and {said[2]}."


def figure(results: Results) -> Figure:
    gaps = {f"statistics {arm.name}": results.values(arm.name, "gap") for arm in ARMS}
    return strips(gaps, y="test loss − training loss")


CLAIM = Claim(
    slug="bn_regularises",
    doc=__doc__,
    source=Source(IOFFE_2015, "§3.4"),
    kinds=(Kind.TRAINS,),
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    rule=partial(default_verdict, decides=(PARTS[0].name,)),
    finding=finding,
)
