"""The sections of a diagnosis on health: signal, gradients, norms, outputs, and what moved since an earlier time."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from resnetlab.actions.diagnosing.diagnosis import Section, Subject
from resnetlab.actions.diagnosing.outputs import LogitsTaken
from resnetlab.actions.diagnosing.sections import gradient_section, norm_section, output_section, signal_section
from resnetlab.actions.diagnosing.settings import DiagnoseSettings
from resnetlab.actions.diagnosing.subject import Prepared
from resnetlab.actions.networks.fresh_network import fresh_network
from resnetlab.analysis.health import HealthFinding
from resnetlab.analysis.health_judgement import SOFTMAX, judge
from resnetlab.analysis.health_look import HealthLook, look_at_health
from resnetlab.analysis.health_rules import RULES
from resnetlab.analysis.health_structure import Structure, read_structure
from resnetlab.core.errors import ResnetlabError

if TYPE_CHECKING:
    from torch import nn

SURELY = 5.0  # standard errors by which an accuracy must lie above chance to speak of training
SECTIONS = {rule.name: rule.section for rule in RULES} | {"gradient stopped": "gradient", SOFTMAX: "outputs"}
"""Rule → where its findings stand; what else the audit finds in the computation stands with the signal."""


def health_sections(ready: Prepared, asked: DiagnoseSettings) -> list[Section]:
    """Looks at the network as it is, and as it would be freshly drawn where that is known.

    Args:
        ready: network and images.
        asked: how it is looked at.

    Raises:
        ResnetlabError: the network fails on the images.
    """
    subject = ready.subject
    subject.say("signal and gradients, as the network is now")
    now = _look(subject, subject.model, ready.taken, subject.is_trained)
    fresh, why = fresh_network(ready.resolved, asked.seed) if now.is_trained else (None, "")
    first = None
    if fresh is not None:
        subject.say("signal and gradients, at the start")
        taken = LogitsTaken(ready.taken.classes)
        with taken.on(fresh.to(subject.images)):  # the device, and the numbers that the network computes in
            first = _look(subject, fresh, taken, False)
    structure = read_structure(subject.model, tuple(subject.images.shape[1:]))
    findings = _all_findings(now, first, structure)
    looks = {"now": now} | ({"start": first} if first is not None else {})
    not_done = tuple(filter(None, [why, _structure_said(structure)]))
    parts: dict[str, tuple[HealthFinding, ...]] = defaultdict(tuple)
    for one in findings:
        parts[SECTIONS.get(one.rule, "signal")] += (one,)
    return [
        signal_section(looks, parts["signal"], not_done),
        gradient_section(looks, parts["gradient"]),
        *([norm_section(looks, parts["norms"])] if now.norms or parts["norms"] else []),
        output_section(looks, parts["outputs"], subject.classes),
    ]


def _look(subject: Subject, model: nn.Module, taken: LogitsTaken, is_trained: bool) -> HealthLook:
    """A look in even batches; whether weights were trained is read from what the network knows where nothing tells."""
    size = subject.batch_size
    count = max(len(subject.images) // size, 1)  # a rest is left out: batches of one size can be compared
    batches = [(subject.images[at * size : (at + 1) * size], subject.labels[at * size : (at + 1) * size])
               for at in range(count)]  # fmt: skip
    try:
        look = look_at_health(model, batches, is_trained, subject.seed, lambda: taken.left)
    except ResnetlabError:
        raise
    except Exception as error:  # whatever a user's module raises
        why = " ".join(str(error).split())[:200]
        raise ResnetlabError(
            f"{subject.reference} failed in training mode on {size} images: {type(error).__name__}: {why}\n"
            "it must run forward and backward as in a training step"
        ) from error
    if is_trained and not look.norms and not _knows_something(look):
        return replace(look, is_trained=False)
    return look


def _knows_something(look: HealthLook) -> bool:
    """Whether its accuracy, at the labels or at labels moved on, is surely above chance."""
    classes = len(look.outputs.labels)
    chance = max(max(look.outputs.labels), 1 / classes)
    error = math.sqrt(chance * (1 - chance) / look.images)
    return max(look.outputs.shifted) > chance + SURELY * error


def _all_findings(now: HealthLook, first: HealthLook | None, structure: Structure) -> list[HealthFinding]:
    """Those of both looks, each once; what only the start shows says so."""
    found = judge(now, structure)
    if first is None:
        return list(found)
    known = {(one.rule, one.layer) for one in found}
    gates = Structure(gates=structure.gates, gate_calls=structure.gate_calls, not_read=structure.not_read)
    only_then = (one for one in judge(first, gates) if (one.rule, one.layer) not in known)
    return [*found, *(replace(one, advice=f"at the start, freshly drawn: {one.advice}") for one in only_then)]


def _structure_said(structure: Structure) -> str:
    if structure.not_read:
        return (
            f"the computation could not be recorded ({structure.not_read}); what follows was read by hooks on its "
            "modules; functions between them, skips among them, were not looked at, nor what squashes, as gates may"
        )
    if structure.looked_at_numbers:
        return "the network decides by the numbers it meets: another image may take another way through it"
    return ""
