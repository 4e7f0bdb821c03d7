"""Any library's network as one of ours, where ours computes the same: so that what becomes of it can be saved."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from resnetlab.actions.networks.options import assumed_preprocessing
from resnetlab.actions.networks.references import ResolvedModel
from resnetlab.core.errors import ResnetlabError, WeightsError
from resnetlab.nn import Classifier, build
from resnetlab.weights import identify, load_weights

TOLERANCE = 1e-3  # of the largest output; rounding is a hundred times less, another padding or pooling far more


def as_own_network(resolved: ResolvedModel) -> Classifier:
    """The same network as one of ours, with a card that tells the preprocessing in any case.

    Tensors do not tell everything of a network, so both look at two images of noise, and must say the same.

    Args:
        resolved: ours, torchvision's, timm's, transformers', or a user's.

    Raises:
        ResnetlabError: no network of ours computes what it does.
    """
    ours, card = resolved.module, resolved.card
    if not isinstance(ours, Classifier):
        try:
            found = identify(resolved.module.state_dict())
            ours = cast(Classifier, load_weights(build(found.spec), resolved.module.state_dict())).eval()
        except WeightsError as error:
            raise _refusal(resolved, str(error).splitlines()[0]) from error
        card = replace(card, spec=found.spec, preprocessing=card.preprocessing or found.preprocessing)
    how = card.preprocessing or assumed_preprocessing(card)
    if ours is not resolved.module:
        _refuse_another_computation(resolved, ours, how.size)
    ours.card = replace(card, preprocessing=how)
    return ours


@torch.no_grad()
def _refuse_another_computation(resolved: ResolvedModel, ours: Classifier, size: int) -> None:
    """Pass where both give the same logits for noise of this size."""
    noise = torch.randn(2, ours.spec.in_channels, size, size, generator=torch.Generator().manual_seed(0))
    theirs, mine = _logits(resolved.module.eval(), noise), _logits(ours, noise)
    apart = float((theirs - mine).abs().max() / theirs.abs().max().clamp_min(1e-12))
    if not apart <= TOLERANCE:
        raise _refusal(resolved, f"{ours.spec.name} has the same tensors and gives other outputs, by {apart:.1%}")


def _logits(module: nn.Module, images: Tensor) -> Tensor:
    given = module(images)
    return cast(Tensor, getattr(given, "logits", given))


def _refusal(resolved: ResolvedModel, why: str) -> ResnetlabError:
    return ResnetlabError(
        f"{resolved.reference} is no network of ours, so what it is trained to could be read by no other command\n"
        f"why: {why}\n"
        "take one of the zoo: resnetlab models"
    )
