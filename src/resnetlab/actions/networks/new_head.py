"""A trained network made to tell the classes of the data: with the head it has, or with a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import nn

from resnetlab.actions.networks.class_order import match_classes
from resnetlab.actions.networks.own_network import as_own_network
from resnetlab.actions.networks.references import ResolvedModel
from resnetlab.core.errors import ResnetlabError
from resnetlab.nn import Classifier
from resnetlab.specs.card import ModelCard


@dataclass(frozen=True, eq=False)
class FittedNetwork:
    """A network whose outputs stand for the classes of the data, in their order.

    Args:
        module: ours; its card names the classes.
        head_is_fresh: its last layer is as drawn.
        remarks: what became of the head, a sentence.
    """

    module: Classifier
    head_is_fresh: bool
    remarks: tuple[str, ...]


def fit_head(
    resolved: ResolvedModel, classes: Sequence[str], *, dropout: float | None = None, keep_if_same: bool = True
) -> FittedNetwork:
    """The network for these classes: its head is kept where it has just them by name, else a fresh one is drawn.

    Args:
        resolved: of any library, as long as ours has it; changed in place where it is ours.
        classes: names in the order of the data's labels.
        dropout: share of what the last layer sees that is dropped in training; None: as the network has it.
        keep_if_same: keep a head that tells just these classes.

    Raises:
        ResnetlabError: no network of ours computes what this one does.
        SpecError: a share that cannot be dropped.
    """
    model, known = as_own_network(resolved), resolved.card.classes
    assert model.card is not None
    began = model.card
    order = _order_of(known, classes, model.spec.num_classes) if keep_if_same else None
    if dropout is not None:
        model.set_head_dropout(dropout)
    if order is None:
        model.reset_classifier(len(classes))
        remark = f"the head is new, for {len(classes)} classes: {_why(known, keep_if_same)}"
    else:
        _reorder(model, order)
        remark = "the head is kept: it tells the data's classes" + _matched(order)
    model.card = replace(_of_the_data(began, classes), spec=model.spec)
    return FittedNetwork(model, order is None, (remark,))


def keep_head(resolved: ResolvedModel, classes: Sequence[str]) -> tuple[nn.Module, tuple[str, ...]]:
    """The network with its outputs in the order of the data's classes, and a remark where that is not plain.

    Args:
        resolved: of any library; changed in place.
        classes: names in the order of the data's labels.

    Raises:
        ResnetlabError: it tells other classes than the data has, as their names say, or others by number.
    """
    model, known = resolved.module, resolved.card.classes
    linear = _last_linear(model)
    outputs = len(classes) if linear is None else linear.out_features
    try:
        order, remark = match_classes(known, classes, outputs)
    except ResnetlabError as refusal:
        raise ResnetlabError(
            f"{str(refusal).splitlines()[0]}\n"
            "give data of the same classes, or put a new head on the network: resnetlab finetune"
        ) from refusal
    if order != sorted(order):
        if linear is None:
            raise ResnetlabError(
                f"{resolved.reference} has the data's classes in another order, and no last layer to reorder\n"
                "put the data's classes into the network's order"
            )
        _reorder(model, order)
    if isinstance(model, Classifier) and model.card is not None:
        model.card = replace(model.card, classes=tuple(classes))
    return model, () if remark is None else (remark,)


def _order_of(known: Sequence[str] | None, classes: Sequence[str], outputs: int) -> list[int] | None:
    """For each class of the data the output that stands for it; None where the network has others, or names none."""
    if known is None:
        return None
    try:
        return match_classes(known, classes, outputs)[0]
    except ResnetlabError:  # it tells other classes: a new head is what is wanted
        return None


def _why(known: Sequence[str] | None, keep_if_same: bool) -> str:
    if not keep_if_same:
        return "as asked"
    return "nothing tells what the old one's outputs stand for" if known is None else "the old one told others"


def _matched(order: list[int]) -> str:
    return "" if order == sorted(order) else ", in another order, matched by name"


@torch.no_grad()
def _reorder(model: nn.Module, order: list[int]) -> None:
    """Put the last layer's outputs into this order."""
    linear = _last_linear(model)
    assert linear is not None
    for tensor in (linear.weight, linear.bias):
        if tensor is not None:
            tensor.copy_(tensor[order])


def _last_linear(model: nn.Module) -> nn.Linear | None:
    """The layer that gives the outputs: the head of ours, of others the last linear layer that was registered."""
    if isinstance(model, Classifier):
        head = model.get_classifier()
        return head if isinstance(head, nn.Linear) else None
    return next((part for part in reversed(list(model.modules())) if isinstance(part, nn.Linear)), None)


def _of_the_data(began: ModelCard, classes: Sequence[str]) -> ModelCard:
    """What is known of a network that goes on from another, for other classes maybe."""
    return ModelCard(
        None,
        tuple(classes),
        began.preprocessing,
        None,
        began.licence,
        (f"training began with the weights of {began.source}",) if began.is_trained else (),
    )
