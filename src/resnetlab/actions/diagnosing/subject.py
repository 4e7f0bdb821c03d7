"""A network made ready to be diagnosed, with images that it takes; afterwards it is as it was."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from resnetlab.actions.diagnosing.diagnosis import Subject
from resnetlab.actions.diagnosing.images import FittedImages, Labelled, drawn_images, loaded_images
from resnetlab.actions.diagnosing.outputs import LogitsTaken
from resnetlab.actions.diagnosing.settings import DiagnoseSettings
from resnetlab.actions.networks.class_order import place_classes
from resnetlab.actions.networks.ready_network import in_channels
from resnetlab.actions.networks.references import ResolvedModel, given_model, resolve_model
from resnetlab.analysis.untouched import in_evaluation_mode, preserved
from resnetlab.core.devices import choose_device
from resnetlab.core.errors import ResnetlabError
from resnetlab.data import LabelledImages, open_data


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a diagnosis begins with.

    Args:
        subject: to be looked at.
        resolved: the network and its card.
        remarks: what was assumed and done, a sentence each.
        facts: of the images and the device, by name.
        taken: takes the logits out of what the network gives.
    """

    subject: Subject
    resolved: ResolvedModel
    remarks: tuple[str, ...]
    facts: dict[str, Any]
    taken: LogitsTaken


@contextmanager
def prepared_subject(model: str | nn.Module, data: str | Labelled, asked: DiagnoseSettings) -> Iterator[Prepared]:
    """A network on its device, in evaluation mode and giving logits, with fitting images; afterwards it is put back.

    Args:
        model: a model reference, or a module.
        data: a data reference, labelled images, or batches of normalised images with labels.
        asked: how it is looked at.

    Raises:
        ResnetlabError: network, images and settings do not fit each other.
    """
    device, said = _device(asked)
    resolved = _resolved(model, asked)
    module = resolved.module
    home = _home(resolved)
    taken = LogitsTaken()
    try:
        with taken.on(module), in_evaluation_mode(module):
            module.to(device)
            ready = _prepared(resolved, data, asked, device, taken)
            yield replace(ready, remarks=(*said, *ready.remarks))
    finally:
        module.to(home)


def _device(asked: DiagnoseSettings) -> tuple[str, tuple[str, ...]]:
    """Where the network computes, and a remark where that is not the usual place: an Apple GPU lacks float64."""
    device = choose_device(asked.device)
    if device != "mps":
        return device, ()
    if asked.device == "mps":
        raise ResnetlabError("--device mps: a diagnosis adds up in 64 bits, which mps has not\ngive --device cpu")
    return "cpu", ("computed on the processor: a diagnosis adds up in 64 bits, which mps has not",)


def _home(resolved: ResolvedModel) -> torch.device:
    """Where the network is, and will be again."""
    places = {tensor.device for tensor in (*resolved.module.parameters(), *resolved.module.buffers())}
    if len(places) > 1 or torch.device("meta") in places:
        named = " and ".join(sorted(map(str, places)))
        raise ResnetlabError(f"{resolved.reference} lies on {named}\nmove it to one device that holds its numbers")
    return next(iter(places))


def _prepared(
    resolved: ResolvedModel, data: str | Labelled, asked: DiagnoseSettings, device: str, taken: LogitsTaken
) -> Prepared:
    if isinstance(data, tuple) and len(data) == 2 and all(isinstance(one, Tensor) for one in data):
        data = [cast("tuple[Tensor, Tensor]", data)]  # one batch, not two
    images = open_data(data, asked.split) if isinstance(data, str) else data
    trial = _Trial(resolved, device, asked.seed)
    taken.classes = len(images.classes) if isinstance(images, LabelledImages) else None
    fitted, remarks = _fitted(resolved, images, asked, trial)
    if taken.told and not taken.classes:  # of a loader's classes more is known by now
        taken.classes = int(fitted.labels.max()) + 1
        trial.failure(fitted.images.shape[1], min(fitted.images.shape[2:]))
    outputs = trial.outputs_for(fitted.images)
    classes, order, said = _classes(resolved, images, fitted, outputs)
    labels = order[fitted.labels] if order is not None else fitted.labels
    name = images.name if isinstance(images, LabelledImages) else "a loader"
    subject = Subject(
        reference=resolved.reference,
        data=name,
        model=resolved.module,
        images=fitted.images.to(device, trial.dtype),
        labels=labels.to(device),
        classes=classes,
        batch_size=min(asked.batch_size, len(labels)),
        seed=asked.seed,
        is_trained=resolved.card.is_trained,
        say=_quiet if asked.quiet else _say,
    )
    facts = {
        "images": len(labels),
        "batch_size": subject.batch_size,
        "input_size": list(fitted.images.shape[1:]),
        "split": images.split if isinstance(images, LabelledImages) else None,
        "preprocessing": None if fitted.how is None else vars(fitted.how),
        "classes": outputs,
        "device": device,
        "seed": asked.seed,
    }
    return Prepared(subject, resolved, (*remarks, *fitted.remarks, *said, *taken.remarks), facts, taken)


def _resolved(model: str | nn.Module, asked: DiagnoseSettings) -> ResolvedModel:
    if isinstance(model, nn.Module):
        resolved = given_model(model, untrained=True)
    else:
        with torch.random.fork_rng():
            torch.manual_seed(asked.seed)
            resolved = resolve_model(model, untrained=True)
        if not any(map(is_lazy, resolved.module.parameters())):
            resolved.module.float()  # some weights are saved in 64 bits
    if not any(True for _ in resolved.module.parameters()):
        raise ResnetlabError(
            f"{resolved.reference} has no parameters, so nothing in it learns\ngive a network that is trained"
        )
    return resolved


def _fitted(
    resolved: ResolvedModel, images: Labelled, asked: DiagnoseSettings, trial: _Trial
) -> tuple[FittedImages, tuple[str, ...]]:
    """The images as the network takes them, and what was assumed of it."""
    if not isinstance(images, LabelledImages):
        return loaded_images(images, _input_channels(resolved, None), asked, trial.failure), ()
    given = images.own.channels if images.own is not None else None
    channels = _input_channels(resolved, given) or 3
    usual = None if images.own is None or channels not in (1, 3) else in_channels(images.own, channels)
    card = asked.apply(resolved.card, usual)
    assert card.preprocessing is not None, "apply fills it in"
    how = card.preprocessing
    if how.channels != channels:
        raise ResnetlabError(
            f"{resolved.reference} takes images of {channels} channels, and its preprocessing is for {how.channels}\n"
            f"give --mean and --std with {channels} numbers each"
        )
    known = resolved.card.assumptions
    assumed = tuple(f"assumed: {one}" for one in card.assumptions if one not in known)
    return drawn_images(images, how, asked, trial.failure), assumed


def _input_channels(resolved: ResolvedModel, otherwise: int | None) -> int | None:
    """Of the images the network takes: as its spec says, else its first convolution, else those of the data."""
    if resolved.card.spec is not None and hasattr(resolved.card.spec, "in_channels"):
        return resolved.card.spec.in_channels
    first = next((part for part in resolved.module.modules() if isinstance(part, nn.Conv2d)), None)
    return first.in_channels if first is not None and first.in_channels else otherwise


def _classes(
    resolved: ResolvedModel, images: Labelled, fitted: FittedImages, outputs: int
) -> tuple[tuple[str, ...], Tensor | None, tuple[str, ...]]:
    """Names of the outputs, the output of each class of the data where that differs, and what is said of it."""
    highest = int(fitted.labels.max()) + 1
    names = images.classes if isinstance(images, LabelledImages) else ()
    count = max(highest, len(names))
    if count > outputs:
        raise ResnetlabError(
            f"the data has {count} classes, and the network gives {outputs} numbers for an image\n"
            "give a network of as many outputs, or the right data"
        )
    own = resolved.card.classes
    if own is not None and names:
        places = place_classes(own, names, outputs)
        return own, torch.tensor(places.order[: len(names)]), tuple(filter(None, [places.remark]))
    fewer = (f"the network has {outputs} outputs and the data {count} classes, taken for the first ones",)
    padded = (*names, *(str(number) for number in range(len(names), outputs)))
    return padded, None, fewer if count < outputs else ()


class _Trial:
    """Tries the network on two black images, and tells in our words why it cannot take them."""

    def __init__(self, resolved: ResolvedModel, device: str, seed: int) -> None:
        self.resolved, self.device, self.seed = resolved, device, seed
        floating = (one.dtype for one in resolved.module.parameters() if one.is_floating_point())
        self.dtype = next(floating, torch.get_default_dtype())

    def failure(self, channels: int, side: int) -> str:
        """Why it does not run, in one of the two modes; "" where it does.

        Raises:
            ResnetlabError: what keeps it from running is not the size.
        """
        images = torch.zeros(2, channels, side, side, device=self.device, dtype=self.dtype)
        module = self.resolved.module
        try:
            with torch.no_grad(), torch.random.fork_rng():
                torch.manual_seed(self.seed)
                if any(map(is_lazy, module.parameters())):  # they take shapes and weights from what they see first
                    module(images)
                with preserved(module):
                    module(images)
                    module.train()
                    module(images)
        except ResnetlabError as error:
            if "smallest legal size" in str(error):
                return str(error).splitlines()[0]
            raise
        except Exception as error:  # whatever a user's module raises
            self._refuse_other_inputs(error)
            return _in_a_line(error)
        return ""

    def outputs_for(self, images: Tensor) -> int:
        """How many numbers it gives for an image.

        Raises:
            ResnetlabError: it does not run, or is no classifier.
        """
        try:
            with torch.no_grad():
                logits = self.resolved.module(images[:2].to(self.device, self.dtype))
        except ResnetlabError:
            raise
        except Exception as error:  # whatever a user's module raises
            self._refuse_other_inputs(error)
            raise ResnetlabError(
                f"{self.resolved.reference} cannot take images of {'×'.join(map(str, images.shape[1:]))}: "
                f"{_in_a_line(error)}\n"
                "give --size, --mean and --std as the network was made for"
            ) from error
        return int(logits.shape[1])

    def _refuse_other_inputs(self, error: Exception) -> None:
        if isinstance(error, TypeError) and re.search(r"missing \d+ required|positional argument", str(error)):
            raise ResnetlabError(
                f"{self.resolved.reference} does not take one batch of images alone: {' '.join(str(error).split())}\n"
                "wrap it into a module whose forward(images) gives the logits"
            ) from error


def _in_a_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _quiet(text: str) -> None:
    """Nobody is told."""
