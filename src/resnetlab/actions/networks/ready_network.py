"""A network made ready to look at images: on its device, with what its images go through and what its outputs mean."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from resnetlab.actions.networks.folding import fold_batch_norms
from resnetlab.actions.networks.options import check_class_count
from resnetlab.actions.networks.references import ResolvedModel, given_model, resolve_model
from resnetlab.actions.networks.settings import ImageSettings
from resnetlab.core.devices import choose_device
from resnetlab.core.errors import ResnetlabError
from resnetlab.core.memory import keep_large_blocks
from resnetlab.data.preprocess import cut, normalise
from resnetlab.specs.card import ModelCard
from resnetlab.specs.preprocessing import Preprocessing


@dataclass(frozen=True)
class ReadyNetwork:
    """What `predict` and `evaluate` need of a network.

    Args:
        name: its model reference, or the kind of a module that was given.
        module: on its device, in evaluation mode.
        card: with preprocessing filled in.
        how: that preprocessing, in as many channels as the network takes.
        device: where it computes.
        outputs: numbers it gives for an image.
        assumptions: what nothing told when it was built, a sentence each.
        flips: its outputs are the mean of what it gives for an image and for its mirror image.
    """

    name: str
    module: nn.Module
    card: ModelCard
    how: Preprocessing
    device: str
    outputs: int
    assumptions: tuple[str, ...]
    flips: bool = False

    def cut(self, image: Shaped[Tensor, "c h w"]) -> Shaped[Tensor, "k s s"]:
        """The square of an image that the network is to see."""
        return cut(image, self.how)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was taken for granted of its images because neither the user nor a file says it, a sentence each."""
        return tuple(f"assumed: {one}" for one in self.card.assumptions if one not in self.assumptions)

    def logits(self, squares: list[Tensor]) -> Float[Tensor, "n classes"]:
        """The network's outputs for a batch of squares, on the device, as float32."""
        batch = normalise(torch.stack(squares).to(self.device), self.how)
        views = (batch, batch.flip(-1)) if self.flips else (batch,)
        logits = [_logits(self.module, view.contiguous(memory_format=torch.channels_last)) for view in views]
        return logits[0] if len(logits) == 1 else torch.stack(logits).mean(0)


@contextmanager
def ready_network(
    model: str | nn.Module, settings: ImageSettings, usual: Preprocessing | None = None, fold: bool = False
) -> Iterator[ReadyNetwork]:
    """A network in evaluation mode, in inference mode and in channels-last; a module that was given is put back.

    Args:
        model: a model reference, or any module that maps images to one output for each class.
        settings: where it computes, and what the user says of its classes and preprocessing.
        usual: what the data at hand goes through, taken where neither card nor settings say anything.
        fold: batch norms into convolutions, which is faster and equal up to rounding.

    Raises:
        ResnetlabError: the reference, the settings and the network do not fit each other.
        UntrainedError: the network was never trained, and the settings do not ask for such a one.
    """
    chosen = choose_device(settings.device)
    resolved = (
        given_model(model, untrained=settings.untrained)
        if isinstance(model, nn.Module)
        else _resolved(model, settings)
    )
    channels = _input_channels(resolved)
    card = settings.apply(resolved.card, usual and in_channels(usual, channels))
    how = card.preprocessing
    assert how is not None, "apply fills it in"
    if how.channels != channels:
        raise ResnetlabError(
            f"{resolved.reference} takes images of {channels} channels, and its preprocessing is for {how.channels}\n"
            f"give --mean and --std with {channels} numbers each"
        )
    if chosen == "cpu":
        keep_large_blocks()
    with _at_work(resolved.module, chosen) as module, torch.inference_mode():
        outputs = _count_outputs(resolved, how, chosen, card)
        if fold:
            probe = torch.rand(2, how.channels, how.size, how.size, generator=torch.Generator().manual_seed(0))
            module = fold_batch_norms(module, normalise(probe, how).to(chosen))
        yield ReadyNetwork(resolved.reference, module, card, how, chosen, outputs, resolved.card.assumptions)


def assumptions_in_short(reference: str, assumptions: tuple[str, ...]) -> tuple[str, ...]:
    """What is said on a terminal of assumptions, which are the same each time: one, or how many and where they stand.

    Args:
        reference: of the network.
        assumptions: a sentence each.
    """
    if len(assumptions) < 2:
        return tuple(f"assumed: {one}" for one in assumptions)
    listed = f"resnetlab audit {shlex.quote(reference)}"
    return (f"{len(assumptions)} things that tensors do not tell were assumed of the network; {listed} lists them",)


def in_channels(how: Preprocessing, channels: int) -> Preprocessing:
    """The same for images of another number of channels: each like the mean of all."""
    if how.channels == channels:
        return how
    mean, std = (sum(values) / len(values) for values in (how.mean, how.std))
    return Preprocessing(how.size, how.resize, (mean,) * channels, (std,) * channels, how.interpolation)


@contextmanager
def _at_work(module: nn.Module, device: str) -> Iterator[nn.Module]:
    """The module on a device, in evaluation mode and channels-last; afterwards as it was."""
    was = [(part, part.training) for part in module.modules()]
    home = next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
    plain = all(parameter.is_contiguous() for parameter in module.parameters())
    try:  # PyTorch's own types of `to` lack memory_format
        yield module.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    finally:
        module.to(home, memory_format=torch.contiguous_format if plain else torch.preserve_format)  # type: ignore[call-overload]
        for part, training in was:
            part.training = training


def _resolved(reference: str, settings: ImageSettings) -> ResolvedModel:
    """What a reference names, in float32; weights that are only drawn are the same each time."""
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        found = resolve_model(reference, untrained=settings.untrained)
    found.module.float()  # some weights are saved in 64 bits
    return found


def _input_channels(resolved: ResolvedModel) -> int:
    """Of the images it takes: as its spec says, else as its first convolution has it."""
    if resolved.card.spec is not None:
        return resolved.card.spec.in_channels
    return next((part.in_channels for part in resolved.module.modules() if isinstance(part, nn.Conv2d)), 3)


def _count_outputs(resolved: ResolvedModel, how: Preprocessing, device: str, card: ModelCard) -> int:
    """By looking at one black image, so that a network that does not fit is refused before anything is read."""
    try:
        black = torch.zeros(1, how.channels, how.size, how.size, device=device)
        outputs = _logits(resolved.module, black).shape[1]
    except ResnetlabError:
        raise
    except Exception as error:  # whatever a user's module raises
        why = " ".join(str(error).split())[:300]
        raise ResnetlabError(
            f"{resolved.reference} cannot take images of {how.channels} × {how.size} × {how.size}: {why}\n"
            "give --size, --mean and --std as the network was trained with"
        ) from error
    check_class_count(card.classes, outputs)
    return outputs


def _logits(module: nn.Module, images: Tensor) -> Tensor:
    """Also of networks whose output holds them under that name, as transformers' do."""
    given = module(images)
    logits = getattr(given, "logits", given)
    if not isinstance(logits, Tensor) or logits.ndim != 2:
        raise ResnetlabError(
            "the network does not give one number for each image and class\ngive a classifier of images"
        )
    return logits.float()
