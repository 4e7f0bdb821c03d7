"""Lesions: blocks taken out of a network, or put in another order, for as long as one looks.

Paper: Veit, Wilber & Belongie 2016, Sections 4.1 to 4.3: what a trained network loses when blocks are removed or
shuffled at test time.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnetlab.analysis.scoring import estimate_batchnorm
from resnetlab.analysis.tracing import modules_named, tensors_in
from resnetlab.analysis.untouched import AnyModule, weightless_copy
from resnetlab.core.errors import ResnetlabError

_kept_shapes: WeakKeyDictionary[nn.Module, set[tuple[int, ...]]] = WeakKeyDictionary()
"""Shapes that a module is known to keep: asking costs more than a small network's pass, so each is asked once."""


class Lesion(nn.Identity):
    """What stands in the place of a removed module: it gives what it takes.

    Args:
        name: where it stands.
        removed: the module that stood there. It is kept out of the state dict, and asked, without data unless it
            looks at numbers, whether it would have given another shape.

    Raises:
        ResnetlabError: when called: the removed module gives another shape than it takes.
    """

    def __init__(self, name: str, removed: nn.Module) -> None:
        super().__init__()
        self.name = name
        self._removed = (removed,)
        self.train(removed.training)

    def forward(self, input: Float[Tensor, "n ..."]) -> Float[Tensor, "n ..."]:
        kept = _kept_shapes.setdefault(self._removed[0], set())
        if tuple(input.shape) not in kept:
            given = self._shape_given(input)
            if given != input.shape:
                raise ResnetlabError(
                    f"module {self.name!r} cannot be removed: it turns {tuple(input.shape[1:])} into "
                    f"{tuple(given[1:])}\n`removable_blocks(model, images)` lists those that keep the shape"
                )
            kept.add(tuple(input.shape))
        return input

    @torch.no_grad()
    def _shape_given(self, input: Tensor) -> torch.Size:
        """What the removed module would give."""
        (removed,) = self._removed
        try:
            with torch.device("meta"):
                given = weightless_copy(removed).eval()(torch.empty_like(input, device="meta"))
        except Exception:  # whatever a user's module raises where tensors hold no numbers
            given = copy.deepcopy(removed).eval()(input.clone())
        return next(tensors_in(given)).shape


@contextmanager
def lesioned(model: AnyModule, names: Iterable[str]) -> Iterator[AnyModule]:
    """Replaces the named modules by the identity inside the block, and puts the same objects back after it.

    Example:
        >>> model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        >>> with lesioned(model, ["1"]):
        ...     print(model[1])
        Lesion()
        >>> print(model[1])
        Linear(in_features=2, out_features=2, bias=True)

    Raises:
        UnknownNameError: the model has no module of that name.
        ResnetlabError: when the model is called: a named module gives another shape than it takes.
    """
    removed = modules_named(model, tuple(names))
    with _replaced(model, {name: Lesion(name, module) for name, module in removed.items()}):
        yield model


@contextmanager
def shuffled(model: AnyModule, order: Mapping[str, str]) -> Iterator[AnyModule]:
    """Puts blocks in each other's places inside the block, and the same objects back after it.

    Args:
        model: any module.
        order: for each place the name of the block to put there; a permutation.

    Raises:
        UnknownNameError: the model has no module of that name.
        ResnetlabError: `order` is no permutation, or two blocks differ in the shapes of their weights.
    """
    if set(order) != set(order.values()):
        raise ResnetlabError(f"{dict(order)} is no permutation: every place must get a block, every block a place")
    blocks = modules_named(model, order)
    for place, name in order.items():
        if weight_shapes(blocks[place]) != weight_shapes(blocks[name]):
            raise ResnetlabError(
                f"block {name!r} does not fit at {place!r}: their weights differ in shape\n"
                "`removable_blocks(model, images)` gives the shape that each block keeps"
            )
    with _replaced(model, {place: blocks[name] for place, name in order.items()}):
        yield model


def reestimate_batchnorm(model: AnyModule, batches: Iterable[Float[Tensor, "_ ..."]]) -> AnyModule:
    """Copies the model and gives the copy's batch norms the mean and variance of these batches, all weighted alike.

    Nothing else trains meanwhile: dropout stays still. The copy keeps the modes of the model.
    """
    twin = copy.deepcopy(model)
    estimate_batchnorm(twin, batches)
    return twin


@contextmanager
def _replaced(model: nn.Module, replacements: Mapping[str, nn.Module]) -> Iterator[None]:
    places = []
    for name in replacements:
        parent, _, key = name.rpartition(".")
        if not name:
            raise ResnetlabError("the whole model cannot be replaced; name modules inside it")
        places.append((model.get_submodule(parent), key, model.get_submodule(name)))
    try:
        for (parent_module, key, _), replacement in zip(places, replacements.values(), strict=True):
            parent_module._modules[key] = replacement
        yield
    finally:
        for parent_module, key, original in places:
            parent_module._modules[key] = original


def weight_shapes(block: nn.Module) -> dict[str, tuple[int, ...]]:
    """The shapes of a block's parameters and buffers, by name."""
    return {name: tuple(tensor.shape) for name, tensor in block.state_dict().items()}
