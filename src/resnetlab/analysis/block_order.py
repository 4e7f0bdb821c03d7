"""What a network loses when two of its blocks change places at test time.

Paper: Veit, Wilber & Belongie 2016, Section 4.3, Figure 5b.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import combinations

import torch
from torch import Tensor, nn

from resnetlab.analysis.block_removal import Lesion, Removable, measure_lesion
from resnetlab.analysis.blocks import removable_blocks
from resnetlab.analysis.lesions import shuffled, weight_shapes
from resnetlab.analysis.scoring import Examples

Pair = tuple[str, str]


def find_swaps(removable: Removable, images: Tensor) -> tuple[Pair, ...]:
    """Finds the pairs of blocks that can change places: modules of one shape, in and out and in their weights.

    Empty where blocks are no modules of their own, as in a network whose whole forward is one function.

    Args:
        removable: of the network.
        images: (N, C, H, W); their numbers do not matter.
    """
    model = removable.model
    holders = dict.fromkeys(junction.module for junction in removable.junctions) or dict.fromkeys(removable.modules)
    outermost = [name for name in holders if not any(_is_inside(name, other) for other in holders)]
    if "" in outermost:
        return ()
    shapes = removable_blocks(model, images, outermost)
    weights = {name: weight_shapes(model.get_submodule(name)) for name in shapes}
    return tuple(
        (one, other)
        for one, other in combinations(shapes, 2)
        if shapes[one] == shapes[other] and weights[one] == weights[other]
    )


def swap_blocks(
    model: nn.Module, pairs: Sequence[Pair], count: int, seed: int, examples: Examples, whole: Tensor
) -> tuple[Lesion, ...]:
    """Swaps so many pairs of blocks, drawn at random, one pair at a time.

    Args:
        model: the network.
        pairs: those that can change places.
        count: how many to try; all where there are fewer.
        seed: of the drawing.
        examples: what the network classifies.
        whole: its logits with the blocks in order, (N, classes).
    """
    drawn = torch.randperm(len(pairs), generator=torch.Generator().manual_seed(seed))[:count]
    chosen = [pairs[at] for at in sorted(drawn.tolist())]
    swaps = ((pair, dict(zip(pair, pair[::-1], strict=True))) for pair in chosen)
    return tuple(
        measure_lesion(model, pair, partial(shuffled, model, order), examples, whole) for pair, order in swaps
    )


def _is_inside(name: str, other: str) -> bool:
    return name != other and (other == "" or name.startswith(f"{other}."))
