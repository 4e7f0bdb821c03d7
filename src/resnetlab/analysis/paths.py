"""The paths through a residual network: how many there are of each length, and how much gradient comes through.

n blocks y = after(branch(x) + skip(x)) unfold into 2^n paths, since each block is passed through its branch or
around it. The gradient at the input is the sum over all of them, exactly.

Paper: Veit, Wilber & Belongie 2016, Section 5 and Figure 6.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from resnetlab.core.errors import ResnetlabError

Function = Callable[[Tensor], Tensor]


def path_length_distribution(blocks: int) -> tuple[Fraction, ...]:
    """Gives the exact share of all paths that go through 0, 1, … n branches: C(n, k) / 2^n.

    Example:
        >>> path_length_distribution(2)
        (Fraction(1, 4), Fraction(1, 2), Fraction(1, 4))

    Raises:
        ResnetlabError: the number of blocks is negative.
    """
    if blocks < 0:
        raise ResnetlabError(f"a network cannot have {blocks} blocks; give 0 or more")
    return tuple(Fraction(math.comb(blocks, length), 2**blocks) for length in range(blocks + 1))


def share_of_paths(blocks: int, shortest: int, longest: int) -> Fraction:
    """Gives the exact share of all paths that go through `shortest` to `longest` branches, both included.

    Example:
        >>> f"{float(share_of_paths(54, 5, 17)):.4%}"
        '0.4537%'
    """
    return sum(path_length_distribution(blocks)[max(shortest, 0) : longest + 1], Fraction(0))


@dataclass(frozen=True)
class ResidualStep:
    """One block as its parts: y = after(branch(x) + skip(x)). For a block with pre-activation `after` is nothing."""

    branch: Function
    skip: Function = torch.clone
    after: Function = torch.clone


@dataclass(frozen=True)
class PathGradient:
    """The gradient at the input that comes through the paths of one length.

    Attributes:
        length: branches on the way.
        share_of_paths: of all 2^n paths.
        norm, norm_error: mean norm of the gradient through one such path, over the sampled ones, and its standard
            error; the error is None for a single path.
        share_of_gradient: number of paths times mean norm, as a share of the sum of this over all lengths asked for.
        share_error: its standard error, by the norms' to first order; None where one of these is not known.
    """

    length: int
    share_of_paths: float
    norm: float
    norm_error: float | None
    share_of_gradient: float
    share_error: float | None


class UnfoldedNetwork:
    """A forward pass held block by block, so that a gradient can be sent back along any single path.

    Args:
        steps: the blocks, first to last.
        images: input of the first block, (N, C, H, W).
        loss: scalar of the last block's output.
    """

    def __init__(self, steps: Sequence[ResidualStep], images: Float[Tensor, "n ..."], loss: Function) -> None:
        self.links: list[tuple[Tensor, Tensor, Tensor, Tensor, Tensor]] = []
        x = images.detach()
        with torch.enable_grad():
            for step in steps:
                x = x.requires_grad_()
                # Clones, since a branch or an activation may write in place.
                branch, skip = step.branch(x.clone()), step.skip(x.clone())
                joined = branch + skip
                after = step.after(joined.clone())
                self.links.append((x, branch, skip, joined, after))
                x = after.detach()
            last = x.requires_grad_()
            self.arriving = torch.autograd.grad(loss(last.clone()), last)[0]

    def gradient(self, through_branch: Sequence[bool]) -> Float[Tensor, "n ..."]:
        """Gives the gradient at the input along one path: for each block, whether it goes through its branch."""
        gradient = self.arriving
        for (x, branch, skip, joined, after), chosen in zip(
            reversed(self.links), reversed(through_branch), strict=True
        ):
            (gradient,) = torch.autograd.grad(after, joined, gradient, retain_graph=True)
            way = branch if chosen else skip
            (gradient,) = torch.autograd.grad(way, x, gradient, retain_graph=True, materialize_grads=True)
        return gradient


def gradient_by_path_length(
    steps: Sequence[ResidualStep],
    images: Float[Tensor, "n ..."],
    loss: Function,
    lengths: Iterable[int] | None = None,
    paths_per_length: int = 20,
    seed: int = 0,
) -> tuple[PathGradient, ...]:
    """Samples paths of each length and tells how much of the input's gradient comes through them.

    Paper: Veit et al. 2016, Section 5: k random blocks pass the gradient through their branch alone, the other
    n - k through their skip alone; the mean norm times C(n, k) is what the length contributes.

    Args:
        steps: the blocks, first to last, as they compute now; batch norm in the mode that its module is in.
        images: input of the first block, (N, C, H, W).
        loss: scalar of the last block's output.
        lengths: which numbers of branches, each once; all from 0 to n by default.
        paths_per_length: sampled with replacement; lengths 0 and n have a single path.
        seed: of the sampling.

    Raises:
        ResnetlabError: a length is not between 0 and the number of blocks, no path is asked for, or no gradient comes
            through any.
    """
    network = UnfoldedNetwork(steps, images, loss)
    return sample_paths(network.gradient, len(steps), lengths, paths_per_length, seed)


def sample_paths(
    gradient: Callable[[Sequence[bool]], Tensor],
    blocks: int,
    lengths: Iterable[int] | None = None,
    paths_per_length: int = 20,
    seed: int = 0,
) -> tuple[PathGradient, ...]:
    """Samples paths of each length, as `gradient_by_path_length`, of a network unfolded in whatever way.

    Args:
        gradient: gives the gradient along one path: told for each block whether it goes through its branch.
        blocks: how many there are.
        lengths: which numbers of branches, each once; all from 0 to n by default.
        paths_per_length: sampled with replacement; lengths 0 and n have a single path.
        seed: of the sampling.

    Raises:
        ResnetlabError: a length is not between 0 and the number of blocks, no path is asked for, or no gradient comes
            through any.
    """
    wanted = tuple(dict.fromkeys(range(blocks + 1) if lengths is None else lengths))
    if not wanted or any(not 0 <= length <= blocks for length in wanted):
        raise ResnetlabError(f"path lengths {wanted} do not fit {blocks} blocks; give some of 0 to {blocks}")
    if paths_per_length < 1:
        raise ResnetlabError(f"paths_per_length is {paths_per_length}; it must be 1 or more")
    generator = torch.Generator().manual_seed(seed)
    norms = {length: _norms(gradient, length, blocks, paths_per_length, generator) for length in wanted}
    return _contributions(norms, path_length_distribution(blocks))


def central_lengths(shares: Sequence[float], mass: float = 0.9) -> tuple[int, int]:
    """Gives the lengths between which the central mass lies: at most half of the rest is shorter, as much longer."""
    cumulative = torch.tensor(shares, dtype=torch.float64).cumsum(0)
    edges = torch.searchsorted(cumulative, torch.tensor([(1 - mass) / 2, (1 + mass) / 2], dtype=torch.float64))
    return int(edges[0]), int(edges[1])


def _contributions(
    norms: Mapping[int, Float[Tensor, " paths"]], shares: Sequence[Fraction]
) -> tuple[PathGradient, ...]:
    """What each length contributes, from the norms along its sampled paths and its share of all paths."""
    known = np.array([float(shares[length]) for length in norms])
    means = np.array([norm.mean().item() for norm in norms.values()])
    errors = np.array([_standard_error(norm, length in (0, len(shares) - 1)) for length, norm in norms.items()])
    weights = known * means
    if weights.sum() == 0:
        raise ResnetlabError("no gradient of the loss comes through any of the paths")
    of_shares = share_errors(weights, known * errors)
    return tuple(
        PathGradient(
            length=length,
            share_of_paths=known[at].item(),
            norm=means[at].item(),
            norm_error=errors[at].item() if len(norm) > 1 else None,
            share_of_gradient=(weights[at] / weights.sum()).item(),
            share_error=of_shares[at].item() if np.isfinite(of_shares[at]) else None,
        )
        for at, (length, norm) in enumerate(norms.items())
    )


def share_errors(weights: NDArray[np.float64], errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gives the standard errors of w / Σw from those of independent w, to first order; NaN where one is not known."""
    total = weights.sum()
    slopes = (np.eye(len(weights)) - (weights / total)[:, None]) / total
    return np.sqrt(slopes**2 @ errors**2)


def _standard_error(norms: Float[Tensor, " paths"], is_only: bool) -> float:
    """Of the mean over paths; none where there is no other path, NaN where another one was not drawn."""
    return 0.0 if is_only else (norms.std() / len(norms) ** 0.5).item() if len(norms) > 1 else math.nan


def _norms(
    gradient: Callable[[Sequence[bool]], Tensor], length: int, blocks: int, paths: int, generator: torch.Generator
) -> Float[Tensor, " paths"]:
    norms = []
    for _ in range(paths if 0 < length < blocks else 1):
        chosen = torch.randperm(blocks, generator=generator)[:length].tolist()
        along_path = gradient([block in chosen for block in range(blocks)])
        norms.append(torch.linalg.vector_norm(along_path.double()))
    return torch.stack(norms)
