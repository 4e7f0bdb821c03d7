"""All that decides how a network is trained, as data: what a recipe is a row of, and what config.yaml holds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

from resnetlab.specs.augmentation import Augmentation
from resnetlab.specs.checks import check

OptimiserName = Literal["sgd", "adamw", "lamb", "muon"]
ScheduleName = Literal["constant", "cosine", "linear", "steps", "one-cycle"]
LossName = Literal["cross-entropy", "binary"]
Keep = Literal["last", "best"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
OnOff = Literal["auto", "on", "off"]


@dataclass(frozen=True)
class Optimiser:
    """How a step is made of gradients.

    Args:
        name: "sgd", "adamw", "lamb" (timm's; You et al. 2019), or "muon" (Jordan et al. 2024): kernels of convolutions
            take orthogonal steps, all else those of SGD with Nesterov's momentum.
        lr: the highest learning rate, for the global batch; of Muon, the size of a step as a share of the kernel.
        other_lr: of Muon, the rate of what is neither a kernel of a convolution nor a bias of a norm.
        norm_bias_lr: of Muon, the rate of the biases of norms, β, which bear one a hundred times that of other weights
            (Page 2018, "How to Train Your ResNet 8: Bag of tricks"; Jordan 2024).
        momentum: of SGD and Muon.
        nesterov: look ahead along the momentum; Muon always does.
        betas: of AdamW and LAMB.
        weight_decay: share of the weights that a unit of learning rate takes off.
        decay_norms: whether batch-norm parameters and biases decay too, as in He et al. 2015.
        stage_decay: the rate of each stage as a share of that of the next; 1: the same for all.
        clip: most Euclidean norm of the whole gradient; None for any.
    """

    name: OptimiserName = "sgd"
    lr: float = 0.1
    other_lr: float = 0.1
    norm_bias_lr: float = 0.1
    momentum: float = 0.9
    nesterov: bool = False
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 1e-4
    decay_norms: bool = True
    stage_decay: float = 1.0
    clip: float | None = None

    def __post_init__(self) -> None:
        check(self, "name", self.name in get_args(OptimiserName), ", ".join(get_args(OptimiserName)))
        check(self, "lr", 0 < self.lr < math.inf, "a finite number above 0")
        check(self, "other_lr", 0 < self.other_lr < math.inf, "a finite number above 0")
        check(self, "norm_bias_lr", 0 < self.norm_bias_lr < math.inf, "a finite number above 0")
        check(self, "momentum", 0 <= self.momentum < 1, "0 or more, below 1")
        check(self, "nesterov", not self.nesterov or self.momentum > 0, "only with momentum above 0")
        check(self, "betas", all(0 <= beta < 1 for beta in self.betas), "two numbers from 0, below 1")
        check(self, "weight_decay", 0 <= self.weight_decay < math.inf, "0 or more")
        check(self, "stage_decay", 0 < self.stage_decay <= 1, "above 0 and up to 1")
        check(self, "clip", self.clip is None or self.clip > 0, "above 0, or none")


@dataclass(frozen=True)
class Schedule:
    """How the learning rate goes over the whole of training, so that it keeps its form when that is made shorter.

    Args:
        name: "constant", "cosine" (to `final`), "linear" (to `final`), "steps" (times `factor` at each of `drops`), or
            "one-cycle" (torch's `OneCycleLR`: up in the first 30 %, then down to nearly nothing).
        drops: where the rate drops, as shares of training.
        factor: by which it is multiplied there.
        final: the last rate as a share of the highest.
        warmup_epochs: during which the rate rises from `warmup_from`; parts of epochs count.
        warmup_from: the first rate as a share of the highest.
        warmup_jumps: the rate stays at `warmup_from` and then jumps, instead of rising. Paper: He et al. 2015, §4.2.
    """

    name: ScheduleName = "cosine"
    drops: tuple[float, ...] = ()
    factor: float = 0.1
    final: float = 0.0
    warmup_epochs: float = 0.0
    warmup_from: float = 0.01
    warmup_jumps: bool = False

    def __post_init__(self) -> None:
        check(self, "name", self.name in get_args(ScheduleName), ", ".join(get_args(ScheduleName)))
        rising = list(self.drops) == sorted(set(self.drops)) and all(0 < drop < 1 for drop in self.drops)
        check(self, "drops", rising, "rising shares of training, above 0 and below 1")
        check(self, "drops", bool(self.drops) == (self.name == "steps"), "one or more for steps, none for others")
        check(self, "factor", 0 < self.factor < 1, "above 0 and below 1")
        check(self, "final", 0 <= self.final <= 1, "from 0 to 1")
        check(self, "warmup_epochs", 0 <= self.warmup_epochs < math.inf, "0 or more")
        check(self, "warmup_epochs", not (self.warmup_epochs and self.name == "one-cycle"), "0: one-cycle has its own")
        check(self, "warmup_from", 0 < self.warmup_from <= 1, "above 0 and up to 1")


@dataclass(frozen=True)
class Growth:
    """Images that are small at first and grow, for small ones cost less: progressive resizing.

    Source: Howard 2018, "Training Imagenet in 3 hours for $25", for DAWNBench; Tan & Le 2021, §4.

    Args:
        sides: of the squares before the full size, pixels, rising; none: the full size all along.
        until: where each of them ends, as shares of training.
    """

    sides: tuple[int, ...] = ()
    until: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        rising = list(self.sides) == sorted(set(self.sides)) and all(side >= 1 for side in self.sides)
        check(self, "sides", rising, "rising sides of 1 pixel or more")
        ends = list(self.until) == sorted(set(self.until)) and all(0 < end < 1 for end in self.until)
        check(self, "until", ends, "rising shares of training, above 0 and below 1")
        check(self, "until", len(self.until) == len(self.sides), f"one share for each of {len(self.sides)} sides")

    def phases(self, steps: int) -> tuple[tuple[int, int | None], ...]:
        """The steps at which the size changes, counted from 0, each with the side from there on; None: the full one.

        >>> Growth(sides=(16, 24), until=(0.25, 0.5)).phases(steps=8)
        ((0, 16), (2, 24), (4, None))

        Args:
            steps: of the whole training.
        """
        starts = (0, *(round(end * steps) for end in self.until))
        return tuple(zip(starts, (*self.sides, None), strict=True))


@dataclass(frozen=True)
class Config:
    """How a network is trained.

    Args:
        epochs: passes over the training images.
        steps: of the optimiser, in all, in place of `epochs`.
        batch_size: images per step over all processes; a smaller last batch is left out.
        accumulate: parts that a process's share of a batch goes through the network in, to save memory; batch norm
            then sees the parts.
        size: side of the square that the network sees in training, pixels; None: that of the data.
        grow: smaller squares at first.
        optim: how a step is made of gradients.
        schedule: how the learning rate goes.
        augment: how training images are changed.
        loss: "cross-entropy", or "binary": each class for itself, as in Wightman et al. 2021.
        label_smoothing: share of a label that goes to all classes alike. Paper: Szegedy et al. 2015, §7.
        drop_path: how often the last block's branch is dropped; those before it less, in proportion to their depth.
            Paper: Huang et al. 2016. None: as the network has it.
        ema: decay per step of a moving average of the weights, which is then evaluated and kept; None for none.
        validation: share of the training images held out to choose by, where the data has no validation split.
        keep: the network that is kept in the end: "last", or "best" on the validation images after an epoch.
        flip_at_test: in the judgement at the end, what the network gives for an image and for its mirror image is
            averaged; the network that is kept does not do so by itself.
    """

    epochs: int = 10
    steps: int | None = None
    batch_size: int = 128
    accumulate: int = 1
    size: int | None = None
    grow: Growth = field(default_factory=Growth)
    optim: Optimiser = field(default_factory=Optimiser)
    schedule: Schedule = field(default_factory=Schedule)
    augment: Augmentation = field(default_factory=Augmentation)
    loss: LossName = "cross-entropy"
    label_smoothing: float = 0.0
    drop_path: float | None = None
    ema: float | None = None
    validation: float = 0.1
    keep: Keep = "last"
    flip_at_test: bool = False

    def __post_init__(self) -> None:
        check(self, "epochs", self.epochs >= 1, "1 or more")
        check(self, "steps", self.steps is None or self.steps >= 1, "1 or more, or none")
        check(self, "batch_size", self.batch_size >= 1, "1 or more")
        check(self, "accumulate", 1 <= self.accumulate <= self.batch_size, f"1 to batch_size={self.batch_size}")
        check(self, "size", self.size is None or self.size >= 1, "1 or more pixels, or none")
        check(self, "loss", self.loss in get_args(LossName), ", ".join(get_args(LossName)))
        check(self, "label_smoothing", 0 <= self.label_smoothing < 1, "from 0, below 1")
        check(self, "drop_path", self.drop_path is None or 0 <= self.drop_path < 1, "from 0, below 1, or none")
        check(self, "ema", self.ema is None or 0 < self.ema < 1, "above 0 and below 1, or none")
        check(self, "keep", self.keep in get_args(Keep), ", ".join(get_args(Keep)))
        check(self, "validation", 0 <= self.validation < 1, "from 0, below 1")
