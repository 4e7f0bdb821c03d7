"""Any network unfolded into its paths: its gradient sent back through branches or skips, block by block, as one likes.

One forward pass is held. Where branch and skip join, gates let everything through forward, and backward only what
belongs to the path: no module of the network is rewritten.

Paper: Veit, Wilber & Belongie 2016, Section 5.
Deviation: the gradient is measured at the image, not at the first block: what stands before it is on every path.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnetlab.analysis.junctions import Junction, sides_changed
from resnetlab.analysis.paths import PathGradient, sample_paths
from resnetlab.analysis.shattering import NO_GRADIENT
from resnetlab.core.errors import ResnetlabError


class UnfoldedModel:
    """A forward pass of any module, so that a gradient can be sent back along any single path.

    Args:
        model: any module, in the mode that its batch norms shall be in; a copy of it is run.
        junctions: where its branches join its skips.
        images: (N, C, H, W).
        loss: scalar of the model's output.

    Raises:
        ResnetlabError: the loss does not depend on the images, as far as gradients tell.
    """

    def __init__(
        self,
        model: nn.Module,
        junctions: Sequence[Junction],
        images: Float[Tensor, "n ..."],
        loss: Callable[[Tensor], Tensor],
    ) -> None:
        self._path: list[bool | None] = [None] * len(junctions)  # through the branch, the skip, or both
        gates = {
            junction: (partial(self._gated, block, True), partial(self._gated, block, False))
            for block, junction in enumerate(junctions)
        }
        twin = copy.deepcopy(model).requires_grad_(False)  # what the pass holds on to, nothing may write over
        with torch.enable_grad(), sides_changed(twin, gates):
            self._source = images.detach().requires_grad_()
            self._loss = loss(twin(self._source.clone()))
        if not self._loss.requires_grad:
            raise ResnetlabError(NO_GRADIENT)

    def gradient(self, through_branch: Sequence[bool | None]) -> Float[Tensor, "n ..."]:
        """Gives the gradient at the images along one path: for each block, whether it goes through its branch.

        None lets it through both sides.
        """
        self._path[:] = through_branch
        return torch.autograd.grad(self._loss, self._source, retain_graph=True, materialize_grads=True)[0]

    def _gated(self, block: int, is_branch: bool, side: Tensor, written: bool) -> Tensor:
        return _Gate.apply(side, self._path, block, is_branch, written)


def path_gradients(
    model: nn.Module,
    junctions: Sequence[Junction],
    images: Float[Tensor, "n ..."],
    loss: Callable[[Tensor], Tensor],
    lengths: Iterable[int] | None = None,
    paths_per_length: int = 20,
    seed: int = 0,
) -> tuple[PathGradient, ...]:
    """Samples paths of each length through any module and tells how much of the images' gradient comes through them.

    Args:
        model: any module, in the mode that its batch norms shall be in.
        junctions: its blocks' sums, from `find_junctions`.
        images: (N, C, H, W).
        loss: scalar of the model's output.
        lengths: which numbers of branches, each once; all from 0 to n by default.
        paths_per_length: sampled with replacement; lengths 0 and n have a single path.
        seed: of the sampling.

    Raises:
        ResnetlabError: a length is not between 0 and the number of blocks, no path is asked for, or no gradient comes
            to the images.
    """
    unfolded = UnfoldedModel(model, junctions, images, loss)
    return sample_paths(unfolded.gradient, len(junctions), lengths, paths_per_length, seed)


class _Gate(torch.autograd.Function):
    """Lets a side through forward, and its gradient through backward if the path of the moment goes this way."""

    @staticmethod
    def forward(ctx: Any, side: Tensor, path: list[bool | None], block: int, is_branch: bool, written: bool) -> Tensor:
        ctx.path, ctx.block, ctx.is_branch = path, block, is_branch
        if written:
            ctx.mark_dirty(side)
            return side
        return side.view_as(side)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        way = ctx.path[ctx.block]
        passes = way is None or way == ctx.is_branch
        return (gradients[0] if passes else None), None, None, None, None
