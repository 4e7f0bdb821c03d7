"""Removing one block at test time hardly hurts a residual network and ruins a plain one.

Veit et al. 2016 take single blocks out of trained networks and test what is left. A VGG net falls to chance whichever
layer is removed; a ResNet-110, with 54 blocks, loses hardly anything, except where a block changes the shape (Figure
3). They read it as an ensemble of paths: half of the paths do not need the block. A plain net has one path.

Protocol: plain-20, residual-20 and residual-56 of the pool, in evaluation mode. Each block that keeps its shape is
replaced by the identity, one at a time; what counts is the median over blocks of the error that this adds, on 256 test
images. A network counts only where at least 80 % of them are right before. Plain and residual are compared at the same
depth. Because a network with a block less sends other signals on, the 20-layer nets are tested a second time with the
batch norms' statistics measured anew, without the block, on 256 training images.

On natural images: networks are far from 80 % right at this scale. One counts where its errors are 15 points below
chance or more, and what the removal adds is told as a share of what the network was better than chance: a third and a
twentieth of it are the thresholds, as 30 and 5 points are of a network that has few errors.

What this does not show: that the network is an ensemble. That a block can be removed shows that it changes little
where it stands. Nor is anything trained again after the lesion, from which a plain net too might recover.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from matplotlib.figure import Figure
from torch import Tensor, nn

from resnetlab.analysis import lesioned, reestimate_batchnorm, removable_blocks
from resnetlab.experiments import pool
from resnetlab.experiments.base import Claim, Kind, Measures, Part, Results, Run
from resnetlab.experiments.tiers import NATURAL, Tier
from resnetlab.pages.figures import TEXT_SIZE, draw_curves, label, new_figure, seeds_text
from resnetlab.specs.papers import VEIT_2016, Source
from resnetlab.training import evaluate

IMAGES = 256
TRAINED_AT_MOST = 20.0  # % wrong before anything is removed
BETTER_THAN_CHANCE = 15.0  # points, where images are hard
LARGE, SMALL = 30.0, 5.0  # points of error
LARGE_SHARE, SMALL_SHARE = 1 / 3, 1 / 20  # of what the network is better than chance
PLAIN, SAME_DEPTH, DEEP = ARMS = pool.arms("plain20", "resnet20", "resnet56")


def measure(run: Run) -> Measures:
    assert run.trained is not None
    model, data = run.trained.model, run.data
    images, labels = data.test_images[:IMAGES], data.test_labels[:IMAGES]
    whole = percent_wrong(model, images, labels)
    blocks = list(removable_blocks(model, images[:1]))
    added: list[float] = []
    added_reestimated: list[float] = []
    for block in blocks:
        with lesioned(model, [block]):
            added.append(percent_wrong(model, images, labels) - whole)
            if run.arm.name != DEEP.name:  # a tier has arms of its own
                anew = reestimate_batchnorm(model, [data.train_images[:IMAGES]])
                added_reestimated.append(percent_wrong(anew, images, labels) - whole)
    chance = 100 * (1 - 1 / len(data.classes))
    return {"whole": whole, "chance": chance, "blocks": blocks, "added": added, "reestimated": added_reestimated}


def percent_wrong(model: nn.Module, images: Float[Tensor, "n c h w"], labels: Int[Tensor, " n"]) -> float:
    return 100 * evaluate(model, images, labels)[1]


def median_added(results: Results, arm: str, of: str = "added") -> dict[int, float]:
    """By seed, the points of error that removing one block adds, the median over blocks; of trained networks only."""
    return {
        seed: float(np.median(measures[of]))
        for seed, measures in sorted(results.measures[arm].items())
        if is_trained(measures, results.tier)
    }


def is_trained(measures: Measures, tier: Tier) -> bool:
    """Whether a network had learned enough before anything was removed."""
    if tier in NATURAL:
        return bool(measures["whole"] <= measures["chance"] - BETTER_THAN_CHANCE)
    return bool(measures["whole"] <= TRAINED_AT_MOST)


def share_lost(results: Results, arm: str) -> dict[int, float]:
    """By seed, what removing one block costs of what the network was better than chance, the median over blocks."""
    better = {seed: at["chance"] - at["whole"] for seed, at in results.measures[arm].items() if "chance" in at}
    return {seed: added / better[seed] for seed, added in median_added(results, arm).items()}


def share_kept(results: Results) -> list[float]:
    return [SMALL_SHARE - lost for lost in share_lost(results, DEEP.name).values()]


def plain_minus_residual_share(results: Results) -> list[float]:
    plain, residual = (share_lost(results, arm.name) for arm in (PLAIN, SAME_DEPTH))
    return [plain[seed] - residual[seed] for seed in plain if seed in residual]


def plain_is_ruined(results: Results) -> list[float]:
    return list(median_added(results, PLAIN.name).values())


def residual_keeps(results: Results) -> list[float]:
    return [SMALL - added for added in median_added(results, DEEP.name).values()]


def plain_minus_residual(results: Results) -> list[float]:
    plain, residual = (median_added(results, arm.name) for arm in (PLAIN, SAME_DEPTH))
    return [plain[seed] - residual[seed] for seed in plain if seed in residual]


PARTS = (
    Part(
        f"removing a block of plain-20 adds more than {LARGE:g} points of error",
        effect=plain_is_ruined,
        above=LARGE,
        unit="points of error, median over blocks",
        tiers=(Tier.QUICK,),
    ),
    Part(
        f"removing a block of residual-56 adds less than {SMALL:g} points of error",
        effect=residual_keeps,
        above=0.0,
        unit=f"points of error below {SMALL:g}, median over blocks",
        tiers=(Tier.QUICK,),
    ),
    Part(
        f"it adds {LARGE:g} points more in plain-20 than in residual-20",
        effect=plain_minus_residual,
        above=LARGE,
        unit="points of error, difference of medians",
        tiers=(Tier.QUICK,),
    ),
    Part(
        "removing a block of plain-20 costs more than a third of what it is better than chance",
        effect=lambda results: list(share_lost(results, PLAIN.name).values()),
        above=LARGE_SHARE,
        unit="share, median over blocks",
        tiers=NATURAL,
    ),
    Part(
        "removing a block of residual-56 costs less than a twentieth of what it is better than chance",
        effect=share_kept,
        above=0.0,
        unit="a twentieth minus the share, median over blocks",
        tiers=NATURAL,
    ),
    Part(
        "it costs a third more of that in plain-20 than in residual-20",
        effect=plain_minus_residual_share,
        above=LARGE_SHARE,
        unit="share, difference of medians",
        tiers=NATURAL,
    ),
)


def finding(results: Results) -> str:
    as_is = {arm.name: np.mean([*median_added(results, arm.name).values()]) for arm in ARMS}
    anew = {arm.name: np.mean([*median_added(results, arm.name, "reestimated").values()]) for arm in ARMS[:2]}
    mean = results.values(DEEP.name, "added").mean(axis=0)
    worst = results.of(DEEP.name)[0]["blocks"][mean.argmax()]
    return (
        f"Removing one block adds {as_is['plain20']:.1f} points of error in plain-20, {as_is['resnet20']:.1f} in "
        f"residual-20 and {as_is['resnet56']:.1f} in residual-56 (medians over blocks); with batch-norm statistics "
        f"measured anew {anew['plain20']:.1f} and {anew['resnet20']:.1f} in the first two. In residual-56 the block "
        f"that matters most is {worst}: {mean.max():.1f} points."
    )


def figure(results: Results) -> Figure:
    drawing, axes = new_figure(columns=2)
    shallow = {}
    for arm in (PLAIN, SAME_DEPTH):
        shallow[arm.name] = results.values(arm.name, "added")
        shallow[f"{arm.name}, BN anew"] = results.values(arm.name, "reestimated")
    for one, lines in zip(axes, (shallow, {DEEP.name: results.values(DEEP.name, "added")}), strict=True):
        draw_curves(one, lines)
        label(one, "same-shape block, from the input", "error added by its removal, points")
        one.set_ylim(-5, 105)
        one.legend(frameon=False, fontsize=TEXT_SIZE - 0.5)
    drawing.suptitle(seeds_text({len(results.of(arm.name)) for arm in ARMS}, "band"), fontsize=TEXT_SIZE - 1)
    return drawing


CLAIM = Claim(
    slug="lesion_one_block",
    doc=__doc__,
    source=Source(VEIT_2016, "Figure 3"),
    kinds=(Kind.POOL,),
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
