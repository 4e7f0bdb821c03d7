"""`resnetlab finetune`: a trained network goes on to the classes of other data; all else is as in `train`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from resnetlab.actions.networks.new_head import FittedNetwork, fit_head
from resnetlab.actions.networks.references import resolve_model
from resnetlab.actions.runs.finetune_settings import DEFAULT_RECIPE, FinetuneSettings
from resnetlab.actions.runs.network import StartingNetwork
from resnetlab.actions.runs.settings import asked_settings, checkpoint_named
from resnetlab.actions.runs.trained_run import TrainedRun
from resnetlab.actions.train import run
from resnetlab.core.errors import ResnetlabError, UntrainedError
from resnetlab.nn import Classifier, build
from resnetlab.training.freezing import Freezing, freeze
from resnetlab.training.stages import stages


def finetune(
    model: str | None = None, data: str | None = None, *, resume: str | Path | None = None, **settings: Any
) -> TrainedRun:
    """Train a trained network on, for the classes of other data, in a folder of its own.

    Args:
        model: a reference to a network with weights, of any library, that ours can be.
        data: a data reference.
        resume: the folder of a run to go on with, one of its checkpoints, or "last".
        **settings: the fields of `FinetuneSettings`; parts, as `optim`, also as a dict of what differs from the
            recipe, which is `finetune` where none is given.

    Raises:
        ResnetlabError: the request cannot be met.
        DivergedError, Interrupted: as of `train`.
    """
    given = {name: value for name, value in {"model": model, "data": data}.items() if value is not None} | settings
    asked, stored = asked_settings(FinetuneSettings, "finetune", given, resume, DEFAULT_RECIPE)
    return run(asked, network_to_finetune, command="finetune", stored=stored, start=checkpoint_named(resume))


def network_to_finetune(asked: FinetuneSettings, classes: Sequence[str], channels: int) -> StartingNetwork:
    """The network that a reference names, with a head for the data's classes, its frozen parts frozen.

    Args:
        asked: what is frozen, dropped and new.
        classes: names in the order of the data's labels.
        channels: of the data's images, which are brought to as many as the network takes.

    Raises:
        ResnetlabError: it has no weights, is no network of ours, or nothing would be left to train.
        UnknownNameError: it has no part of a name.
    """
    reference = str(asked.model)
    try:
        resolved = resolve_model(reference)
    except UntrainedError as error:
        raise ResnetlabError(
            f"--model {reference} names no weights, and fine-tuning begins with some\n"
            f"give some ({reference}@DEFAULT, a checkpoint, a run folder), or take resnetlab train"
        ) from error
    resolved.module.float()  # some weights are saved in 64 bits
    torch.manual_seed(asked.seed)  # by which a new head is drawn
    fitted = fit_head(resolved, classes, dropout=asked.dropout, keep_if_same=not asked.new_head)
    module = fitted.module if asked.drop_path is None else _with_drop_path(fitted.module, asked.drop_path)
    remarks = (*fitted.remarks, *_freeze(module.train(), fitted, asked))
    return StartingNetwork(module, remarks, Freezing(asked.frozen, asked.unfreeze_at))


def _freeze(module: Classifier, fitted: FittedNetwork, asked: FinetuneSettings) -> tuple[str, ...]:
    """Freeze parts by name; what is to be known of it, a sentence each."""
    frozen = asked.frozen
    if fitted.head_is_fresh and "head" in frozen:
        raise ResnetlabError(
            "--freeze head would keep the new head as it was drawn, and the network would guess\n"
            f"leave it out; parts of this network: {', '.join(stages(module))}"
        )
    left = freeze(module, frozen)
    if not frozen:
        return ()
    until = "" if asked.unfreeze_at is None else f", until epoch {asked.unfreeze_at} begins"
    if asked.unfreeze_at is not None and asked.steps is None and asked.unfreeze_at > asked.epochs:
        until += f", which is after the last one, {asked.epochs}"
    return (f"frozen, running statistics too: {', '.join(frozen)}{until}", *left)


def _with_drop_path(module: Classifier, drop_path: float) -> Classifier:
    """The same network with another share of dropped branches."""
    again = build(module.spec.with_fields(drop_path=drop_path))
    assert isinstance(again, Classifier)
    again.load_state_dict(module.state_dict())
    again.card = module.card
    return again
