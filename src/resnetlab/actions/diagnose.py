"""What `resnetlab diagnose` tells: whether signal and gradient get through a network, and what is wrong with it."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from resnetlab.actions.diagnosing.changes import changes_section, earlier_network
from resnetlab.actions.diagnosing.diagnosis import Diagnosis, Section, Subject
from resnetlab.actions.diagnosing.health import health_sections
from resnetlab.actions.diagnosing.images import Labelled
from resnetlab.actions.diagnosing.memory import refuse_too_little_memory
from resnetlab.actions.diagnosing.parts import PARTS
from resnetlab.actions.diagnosing.settings import DiagnoseSettings
from resnetlab.actions.diagnosing.subject import prepared_subject
from resnetlab.core.errors import ResnetlabError
from resnetlab.core.folders import make_output_folder
from resnetlab.core.machine import describe_environment


def diagnose(model: str | nn.Module, data: str | Labelled, **settings: Any) -> Diagnosis:
    """Looks inside a network with labelled images; a page and diagnosis.json are written.

    Any classifier will do: ours, torchvision's, timm's, a module of your own. Modes, buffers, weights and hooks are
    afterwards as they were, and no `grad` is written.

    Args:
        model: a model reference, or any module that maps images to one output for each class.
        data: a data reference, labelled images, or batches of normalised images with labels, as a loader gives them.
        **settings: the fields of `DiagnoseSettings`: parts, images, batch_size, split, earlier, keep_channels,
            keep_size, device, seed, output, exist_ok, quiet, classes, size, resize, mean, std, interpolation.

    Raises:
        ResnetlabError: the request cannot be met.
        ImageError: an image cannot be read.
    """
    from resnetlab.actions.diagnosing.page import write_diagnosis

    asked = DiagnoseSettings(**settings)
    with prepared_subject(model, data, asked) as ready:
        refuse_too_little_memory(ready.subject, asked)
        earlier = None if asked.earlier is None else earlier_network(asked.earlier, ready.subject.model)
        name = f"{Path(ready.subject.reference).name}-{Path(ready.subject.data).name}"
        folder = make_output_folder("diagnose", name, asked.output, asked.exist_ok)
        ready.subject.say(f"diagnosing into {folder}")
        health = health_sections(ready, asked)
        moved = [] if earlier is None else [changes_section(str(asked.earlier), earlier, ready.subject.model)]
        sound = all(finding.rule != "not finite" for section in health for finding in section.findings)
        trained = any(section.numbers.get("is_trained") for section in health)
        subject = replace(ready.subject, is_trained=trained)  # the look at its health knows more of that
        parts = [_part(name, subject, sound) for name in asked.chosen_parts]
    source = ready.resolved.card.source if trained else None
    facts = {**ready.facts, "source": source, "environment": describe_environment()}
    found = Diagnosis(subject.reference, subject.data, (*health, *moved, *parts), ready.remarks, facts, folder)
    write_diagnosis(found, asked)
    return found


def _part(name: str, subject: Subject, sound: bool) -> Section:
    """One way of looking; where it cannot be done, a section that says why."""
    if not sound:
        return Section(name, name.capitalize(), "", not_done=("not looked at: the outputs are not finite numbers",))
    module, function = PARTS[name].maker.split(":")
    subject.say(f"{name}: {PARTS[name].what}")
    try:
        made = getattr(importlib.import_module(f"resnetlab.actions.diagnosing.{module}"), function)(subject)
    except Exception as error:  # whatever a user's module raises; what was seen already is worth its page
        kind = "" if isinstance(error, ResnetlabError) else f"{type(error).__name__}: "
        reason = f"{kind}{' '.join(str(error).split())[:300]}"
        return Section(name, name.capitalize(), "", not_done=(f"not done: {reason}",))
    assert isinstance(made, Section)
    return made
