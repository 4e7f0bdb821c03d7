"""What a network loses when blocks are removed at test time, one or several at random, or all its skips are cut.

A block is removed where its branch joins its skip, so that the skip, with a projection where one stands there, is all
that stays; blocks that change the shape can go too. Where no such sum can be changed, whole modules that keep their
shape are replaced by the identity.

Paper: Veit, Wilber & Belongie 2016, Sections 4.1 and 4.2, Figures 3 and 5a.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property, partial

import torch
from torch import Tensor, nn

from resnetlab.analysis.blocks import removable_blocks
from resnetlab.analysis.junctions import Junction, find_junctions, without_branches, without_skips
from resnetlab.analysis.lesions import lesioned
from resnetlab.analysis.scoring import Examples, Score, batch_norms, batchnorm_reestimated, score
from resnetlab.core.errors import ResnetlabError

NO_SUMS = "no residual addition was found"


@dataclass(frozen=True)
class Lesion:
    """A network with something taken out of it.

    Attributes:
        blocks: that were changed.
        score: as it stands; its agreement is with the whole network.
        reestimated: after the batch norms took their statistics anew from the same images; None without batch norm.
    """

    blocks: tuple[str, ...]
    score: Score
    reestimated: Score | None


@dataclass(frozen=True, eq=False)
class Removable:
    """The blocks of a network that can be removed.

    Attributes:
        model: the network.
        junctions: where branches join skips; empty where none were found.
        modules: whole modules to replace by the identity instead.
        note: what could not be done, and what is done in its place; empty where all can.
    """

    model: nn.Module
    junctions: tuple[Junction, ...]
    modules: tuple[str, ...] = ()
    note: str = ""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the blocks, first to last."""
        return tuple(junction.block for junction in self.junctions) or self.modules

    def without(self, names: Iterable[str]) -> AbstractContextManager[object]:
        """Removes these blocks while the context is open."""
        chosen = set(names)
        if not self.junctions:
            return lesioned(self.model, [name for name in self.modules if name in chosen])
        return without_branches(self.model, [one for one in self.junctions if one.block in chosen])


def find_removable(model: nn.Module, examples: Examples) -> Removable:
    """Finds what can be removed from any classifier; the model is run on two images to see that it can be.

    Raises:
        ResnetlabError: neither a residual addition nor a module that keeps its shape was found.
    """
    few = examples.first(2)
    try:
        junctions = find_junctions(model, tuple(few.images.shape[1:]))
        note = "" if junctions else NO_SUMS
        if junctions:
            with without_branches(model, junctions):
                score(model, few)
    except ResnetlabError as error:
        junctions, note = (), str(error).splitlines()[0].rstrip(":")
    if junctions:
        return Removable(model, junctions)
    try:
        modules = tuple(removable_blocks(model, few.images))
    except Exception:  # whatever a user's module raises where tensors hold no numbers
        modules = ()
    if not modules:
        raise ResnetlabError(f"{note}, and no module gives the shape it takes: there is no block to remove")
    note = f"{note}: whole modules that keep their shape were replaced by the identity instead"
    return Removable(model, (), modules, note)


def remove_one_at_a_time(removable: Removable, examples: Examples, whole: Tensor) -> tuple[Lesion, ...]:
    """Tells for each block what the network does without it alone.

    Args:
        removable: of the network.
        examples: what it classifies; batch norms are re-estimated on the same.
        whole: its logits with all blocks, (N, classes).
    """
    return remove_each(removable, [(name,) for name in removable.names], examples, whole)


def remove_several(
    removable: Removable, counts: Sequence[int], draws: int, seed: int, examples: Examples, whole: Tensor
) -> tuple[Lesion, ...]:
    """Removes several blocks at random: for each count so many random subsets of the blocks.

    Args:
        removable: of the network.
        counts: how many blocks go.
        draws: subsets of each count.
        seed: of the drawing.
        examples: what the network classifies.
        whole: its logits with all blocks, (N, classes).
    """
    random = torch.Generator().manual_seed(seed)
    blocks = len(removable.names)
    subsets = [sorted(torch.randperm(blocks, generator=random)[:count]) for count in counts for _ in range(draws)]
    return remove_each(removable, [[removable.names[at] for at in subset] for subset in subsets], examples, whole)


def remove_each(
    removable: Removable, subsets: Iterable[Sequence[str]], examples: Examples, whole: Tensor
) -> tuple[Lesion, ...]:
    """Tells for each of these sets of blocks what the network does without them."""
    return tuple(
        measure_lesion(removable.model, names, partial(removable.without, names), examples, whole) for names in subsets
    )


def cut_skips(removable: Removable, examples: Examples, whole: Tensor) -> Lesion | None:
    """Tells what the plain twin does: all skips cut, the same weights; None where no sums were found."""
    if not removable.junctions:
        return None
    model, junctions = removable.model, removable.junctions
    return measure_lesion(model, removable.names, lambda: without_skips(model, junctions), examples, whole)


def measure_lesion(
    model: nn.Module,
    blocks: Sequence[str],
    changed: Callable[[], AbstractContextManager[object]],
    examples: Examples,
    whole: Tensor,
) -> Lesion:
    """Scores a changed network, with and without its batch norms' statistics taken anew from the same images.

    Args:
        model: the network.
        blocks: that are changed.
        changed: changes them while its context is open.
        examples: what the network classifies.
        whole: the logits of the unchanged one, (N, classes).
    """
    with changed():
        found, _ = score(model, examples, whole)
        if not batch_norms(model):
            return Lesion(tuple(blocks), found, None)
        with batchnorm_reestimated(model, examples):
            return Lesion(tuple(blocks), found, score(model, examples, whole)[0])
