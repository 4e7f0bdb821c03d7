"""The parts of a residual network as data: stem, block, shortcut, stages.

Nothing here computes; `resnetlab.nn` builds what these describe. Every part is frozen and checked when made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from resnetlab.specs.checks import check


@dataclass(frozen=True)
class Stem:
    """What stands before the first stage.

    Args:
        width: channels that enter the first stage.
        kernel: size of the (first) convolution.
        stride: of the (first) convolution.
        max_pool: a 3×3 max-pooling of stride 2 follows.
        convolutions: 1, or 3 for the deep stem: three 3×3, the first two of half the width.
    """

    width: int
    kernel: int = 3
    stride: int = 1
    max_pool: bool = False
    convolutions: int = 1

    def __post_init__(self) -> None:
        check(self, "width", self.width >= 1, "1 or more channels")
        check(self, "kernel", self.kernel >= 1 and self.kernel % 2 == 1, "an odd size: 1, 3, 5, 7")
        check(self, "stride", self.stride in (1, 2), "1, 2")
        check(self, "convolutions", self.convolutions in (1, 3), "1, 3")
        check(self, "width", self.width >= 2 or self.convolutions == 1, "2 or more in the deep stem, which halves it")


IMAGENET_STEM = Stem(64, kernel=7, stride=2, max_pool=True)
DEEP_STEM = Stem(64, kernel=3, stride=2, max_pool=True, convolutions=3)
CIFAR_STEM = Stem(16)


@dataclass(frozen=True)
class Squeeze:
    """Squeeze-and-excitation: channels are weighted by what the whole image shows.

    Paper: Hu et al. 2018, Figure 3.

    Args:
        ratio: squeezed channels over `of`.
        of: what the ratio is taken of: the weighted channels ("itself") or the block's input ("input").
    """

    ratio: float = 1 / 16
    of: Literal["itself", "input"] = "itself"

    def __post_init__(self) -> None:
        check(self, "ratio", 0 < self.ratio <= 1, "above 0, up to 1")
        check(self, "of", self.of in ("itself", "input"), "itself, input")


@dataclass(frozen=True)
class Block:
    """What every residual block can be told, whatever its branch.

    Args:
        order: "post": the activation follows the addition (He et al. 2015); "pre": normalisation and
            activation come first (He et al. 2016).
        norm: "batch", or "none": convolutions have biases then.
        activation: between the convolutions.
        squeeze: squeeze-and-excitation inside the branch.
        zero_init_last: the branch's last γ starts at zero, so that the block starts as the identity
            (Goyal et al. 2017, §5.1).
        skip_init: the branch is multiplied by a learned number that starts at zero (De & Smith 2020, §4).
        drop_path: stochastic depth: probability of dropping the last branch; earlier ones in proportion
            to their depth (Huang et al. 2016, Eq. 4).
        dropout: between the convolutions of a basic block (Zagoruyko & Komodakis 2016, §2.4).
    """

    order: Literal["post", "pre"] = "post"
    norm: Literal["batch", "none"] = "batch"
    activation: Literal["relu", "sigmoid", "tanh", "silu"] = "relu"
    squeeze: Squeeze | None = None
    zero_init_last: bool = False
    skip_init: bool = False
    drop_path: float = 0.0
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check(self, "order", self.order in ("post", "pre"), "post, pre")
        check(self, "norm", self.norm in ("batch", "none"), "batch, none")
        activations = ("relu", "sigmoid", "tanh", "silu")
        check(self, "activation", self.activation in activations, ", ".join(activations))
        check(self, "drop_path", 0 <= self.drop_path < 1, "0 up to, not including, 1")
        check(self, "dropout", 0 <= self.dropout < 1, "0 up to, not including, 1")
        last_gamma = self.norm == "batch" and self.order == "post"
        check(self, "zero_init_last", last_gamma or not self.zero_init_last, "only with norm=batch, order=post")

    @property
    def expansion(self) -> int:
        """Output channels of a block over its stage's width."""
        return 1

    @property
    def convolutions(self) -> int:
        """Weighted layers on the branch, as papers count depth."""
        raise NotImplementedError


@dataclass(frozen=True)
class Basic(Block):
    """Two 3×3 convolutions. Paper: He et al. 2015, Figure 5 left.

    Args:
        downsampling: what halves the image: the "stride" of the first convolution, as the paper, or a 2×2 "max-pool"
            after it, which sees every pixel and costs four times as many multiply-adds there.
    """

    downsampling: Literal["stride", "max-pool"] = "stride"

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self, "downsampling", self.downsampling in ("stride", "max-pool"), "stride, max-pool")

    @property
    def convolutions(self) -> int:
        return 2


@dataclass(frozen=True)
class Bottleneck(Block):
    """1×1 down, 3×3, 1×1 up. Paper: He et al. 2015, Figure 5 right; groups: Xie et al. 2017, Figure 3c.

    Args:
        widening: output channels over the stage's width.
        stride_in: which convolution carries the stride: "1x1" as the paper (v1), "3x3" as torchvision (v1.5).
        groups: of the 3×3 convolution (cardinality).
        base_width: channels of one group of the 3×3 convolution where the stage's width is 64.
    """

    widening: int = 4
    stride_in: Literal["3x3", "1x1"] = "3x3"
    groups: int = 1
    base_width: int = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self, "widening", self.widening >= 1, "1 or more")
        check(self, "stride_in", self.stride_in in ("3x3", "1x1"), "3x3, 1x1")
        check(self, "groups", self.groups >= 1, "1 or more")
        check(self, "base_width", self.base_width >= 1, "1 or more")
        check(self, "dropout", self.dropout == 0, "0: dropout stands between the convolutions of a basic block")

    @property
    def expansion(self) -> int:
        return self.widening

    @property
    def convolutions(self) -> int:
        return 3

    def inner_width(self, width: int) -> int:
        """Channels of the 3×3 convolution in a stage of this width."""
        return int(width * self.base_width / 64) * self.groups


@dataclass(frozen=True)
class RegNetBottleneck(Block):
    """1×1, grouped 3×3, 1×1, all of one width. Paper: Radosavovic et al. 2020, Figure 4 and §3.

    Args:
        group_width: channels in each group of the 3×3 convolution.
    """

    group_width: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self, "group_width", self.group_width >= 1, "1 or more")
        check(self, "order", self.order == "post", "post: the paper has no pre-activated block")
        check(self, "dropout", self.dropout == 0, "0: dropout stands between the convolutions of a basic block")

    @property
    def convolutions(self) -> int:
        return 3


@dataclass(frozen=True)
class Shortcut:
    """The way round the branch. The base class names what all have in common: nothing."""


@dataclass(frozen=True)
class NoShortcut(Shortcut):
    """The plain twin: the branch alone. Paper: He et al. 2015, Figure 3 middle."""


@dataclass(frozen=True)
class ZeroPadding(Shortcut):
    """Option A: every second pixel, new channels filled with zeros; no parameters. Paper: He et al. 2015, §3.3."""


@dataclass(frozen=True)
class Projection(Shortcut):
    """Options B and C: a 1×1 convolution and batch norm. Paper: He et al. 2015, Eq. 2 and §4.1.

    Args:
        everywhere: on every block (C), not only where the shape changes (B).
    """

    everywhere: bool = False


@dataclass(frozen=True)
class AveragePool(Shortcut):
    """Option D: a 2×2 average-pooling carries the stride, then the 1×1. Paper: He et al. 2018, Figure 2c."""


@dataclass(frozen=True)
class Scaled(Shortcut):
    """Both sides times a constant; the shape changes by option A. Paper: He et al. 2016, Figure 2b and Eq. 4.

    Args:
        scale: of the skip.
        branch_scale: of the branch.
    """

    scale: float = 0.5
    branch_scale: float = 1.0


@dataclass(frozen=True)
class Gated(Shortcut):
    """1 − g(x) on the skip and, where exclusive, g(x) on the branch. Paper: He et al. 2016, Figure 2c and 2d.

    Args:
        bias: where the gate's bias starts; −6 keeps the skip nearly open.
        exclusive: the branch is gated too.
    """

    bias: float = -6.0
    exclusive: bool = True


@dataclass(frozen=True)
class DroppedOut(Shortcut):
    """Dropout on the skip. Paper: He et al. 2016, Figure 2f.

    Args:
        rate: probability of dropping a value.
    """

    rate: float = 0.5

    def __post_init__(self) -> None:
        check(self, "rate", 0 <= self.rate < 1, "0 up to, not including, 1")


@dataclass(frozen=True)
class Convolved(Shortcut):
    """A bare 1×1 convolution on every skip. Paper: He et al. 2016, Figure 2e."""


SHORTCUTS: dict[str, Shortcut] = {
    "none": NoShortcut(),
    "A": ZeroPadding(),
    "B": Projection(),
    "C": Projection(everywhere=True),
    "D": AveragePool(),
    "scaled": Scaled(),
    "gated": Gated(),
    "dropout": DroppedOut(),
    "1x1": Convolved(),
}
"""Short names, as they are written in `resnet20[shortcut=B]`."""


@dataclass(frozen=True)
class Stages:
    """Widths and block counts.

    Args:
        widths: of each stage, before the block's expansion.
        depths: blocks in each stage.
        first_stride: of the first stage; every later one halves the image.
    """

    widths: tuple[int, ...]
    depths: tuple[int, ...]
    first_stride: int = 1

    def __post_init__(self) -> None:
        check(self, "widths", bool(self.widths) and min(self.widths) >= 1, "one positive width per stage")
        check(self, "depths", bool(self.depths) and min(self.depths) >= 1, "one or more blocks in every stage")
        check(self, "depths", len(self.depths) == len(self.widths), f"{len(self.widths)} numbers, one per stage")
        check(self, "first_stride", self.first_stride in (1, 2), "1, 2")
