"""What `resnetlab audit` tells: which network a model really is, by what it computes, and what is odd about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resnetlab.actions.auditing.facts import NOT_KNOWN, facts_of, operation_in_words
from resnetlab.actions.auditing.identity import Identity, identify_form
from resnetlab.actions.auditing.verdict import paper_of, verdict_on
from resnetlab.actions.networks.references import given_model, resolve_model
from resnetlab.core.errors import ResnetlabError
from resnetlab.specs import ModelSpec, NetworkSpec, find_spec
from resnetlab.specs.card import ModelCard

if TYPE_CHECKING:
    from torch import nn

    from resnetlab.analysis.block_forms import BlockForm
    from resnetlab.analysis.findings import Finding
    from resnetlab.analysis.network_form import NetworkForm

GUESSED_SIDES = (224, 32, 28)


@dataclass(frozen=True)
class AuditRow:
    """One fact.

    Args:
        topic: what it is about.
        found: what the model has.
        expected: what the network beside it has; None where there is none beside it, or one of both is not known.
    """

    topic: str
    found: str
    expected: str | None

    @property
    def is_same(self) -> bool:
        """Whether both have the same, or there is nothing to compare with."""
        return self.expected is None or self.found == self.expected


@dataclass(frozen=True)
class AuditStage:
    """One stage.

    Args:
        place: the module of its first block.
        blocks: how many.
        channels: that it gives.
        inner: channels inside its last block.
        size: height and width of its output.
        stride: where its first block makes the image smaller: "2 in the 3×3"; empty where it does not.
        skips: of the first block, and of the others if they have another: "projection, then identity".
    """

    place: str
    blocks: int
    channels: int
    inner: int
    size: tuple[int, ...]
    stride: str
    skips: str


@dataclass(frozen=True)
class Audit:
    """What a model really is.

    Args:
        reference: the model.
        input_size: of the image it was looked at with.
        verdict: in one sentence.
        paper: of the nearest row, with the figures that are expected of it; empty where no row is near.
        nearest: the network beside it: the one asked for, or the nearest row of the zoo; None where none is near.
        computes: the model reference whose network computes the same, weights apart; None where none was found.
        residual_additions: how many.
        rows: the facts.
        stages: from input to output.
        findings: mistakes first.
        against: the network asked for; None where none was.
        differences: topics on which the two differ; "computation" where they do not compute the same.
        assumptions: what a file of weights does not tell, and was taken for granted when the network was built.
    """

    reference: str
    input_size: tuple[int, ...]
    verdict: str
    paper: str
    nearest: str | None
    computes: str | None
    residual_additions: int
    rows: tuple[AuditRow, ...]
    stages: tuple[AuditStage, ...]
    findings: tuple[Finding, ...]
    against: str | None
    differences: tuple[str, ...]
    assumptions: tuple[str, ...]

    @property
    def mistakes(self) -> tuple[Finding, ...]:
        """The findings that no paper does so."""
        return tuple(finding for finding in self.findings if finding.kind == "mistake")


def audit(
    model: nn.Module | str, against: nn.Module | str | None = None, input_size: tuple[int, ...] | None = None
) -> Audit:
    """Says which paper, version and options a model really implements, and where it departs from them.

    The computation is looked at, not the names of classes and attributes, so that any module will do.

    Args:
        model: a module, or a model reference; of a compiled or data-parallel module the network inside is looked at.
        against: another, to compare with; else the nearest row of the zoo.
        input_size: one image, (channels, height, width); by default what is known of the model, else tried out.

    Raises:
        ResnetlabError: a reference that names nothing, or a model that cannot run on such an image.
    """
    from resnetlab.analysis import find_findings

    subject = _look_at(model, input_size)
    identity = identify_form(subject.form, subject.params, subject.input_size)
    nearest = None if identity is None or (against is not None and identity.is_exact) else _nearest(subject, identity)
    if identity and identity.is_exact and nearest:
        for network in (subject, nearest):
            network.facts.update(_depth_as_counted_by(identity.spec))
    beside = nearest if against is None else _look_at(against, subject.input_size)
    findings = find_findings(subject.form)
    rows = _rows(subject, beside)
    return Audit(
        reference=subject.reference,
        input_size=subject.input_size,
        verdict=verdict_on(subject.form, identity, findings, _differing(_rows(subject, nearest))),
        paper=paper_of(identity) if identity else "",
        nearest=beside.reference if beside else None,
        computes=identity.spec.name if identity and identity.spec and identity.is_exact else None,
        residual_additions=len(subject.form.additions),
        rows=rows,
        stages=tuple(map(_stage, (stage.blocks for stage in subject.form.stages))),
        findings=findings,
        against=beside.reference if beside and against is not None else None,
        differences=_differing(rows),
        assumptions=subject.assumptions,
    )


@dataclass(frozen=True)
class _Subject:
    """A network that was looked at."""

    reference: str
    input_size: tuple[int, ...]
    form: NetworkForm
    params: int
    facts: dict[str, str]
    assumptions: tuple[str, ...]


def _look_at(model: nn.Module | str, input_size: tuple[int, ...] | None) -> _Subject:
    resolved = resolve_model(model, untrained=True) if isinstance(model, str) else given_model(model, untrained=True)
    return _examined(resolved.reference, resolved.module, resolved.card, input_size)


def _examined(reference: str, module: nn.Module, card: ModelCard, input_size: tuple[int, ...] | None) -> _Subject:
    from resnetlab.analysis import measure_complexity

    form, size = _read(module, input_size or _known_size(card))
    cost = measure_complexity(module, size, "cpu" if form.graph.looked_at_numbers else "meta")
    facts = facts_of(form, cost.params, cost.macs, _zero_gammas(form, module, card.spec))
    return _Subject(reference, size, form, cost.params, facts, card.assumptions)


def _depth_as_counted_by(spec: ModelSpec | None) -> dict[str, str]:
    """The depth, where the paper of a spec counts otherwise than the others do."""
    if spec is None or spec.depth == spec.weighted_layers:
        return {}
    return {"depth": f"{spec.weighted_layers}; the paper counts {spec.depth}"}


def _known_size(card: ModelCard) -> tuple[int, ...] | None:
    if card.preprocessing is not None:
        return card.preprocessing.channels, card.preprocessing.size, card.preprocessing.size
    spec = card.spec  # what a user's module calls so may be anything
    return (spec.in_channels, spec.input_size, spec.input_size) if isinstance(spec, ModelSpec) else None


def _read(module: nn.Module, size: tuple[int, ...] | None) -> tuple[NetworkForm, tuple[int, ...]]:
    """The form, and the size of the image: the one given, else the first that runs and that suits the stem."""
    from resnetlab.analysis import read_network

    if size is not None:
        if min(size) < 1:
            given = " ".join(map(str, size))
            raise ResnetlabError(
                f"--input-size {given} is impossible\nallowed: channels, height, width, all 1 or more"
            )
        return read_network(module, size), size
    found: list[tuple[NetworkForm, tuple[int, ...]]] = []
    refused: list[ResnetlabError] = []
    for size in [(channels, side, side) for side in GUESSED_SIDES for channels in (3, 1)]:
        try:
            form = read_network(module, size)
        except ResnetlabError as error:
            refused.append(error)
            continue
        found.append((form, size))
        if not _made_for_smaller(form):
            break
    if not found:
        reason = str(refused[0]).splitlines()[1:2]
        raise ResnetlabError(
            "\n".join([f"{type(module).__name__} did not run on 3×224×224, nor on other usual sizes:", *reason])
            + "\ngive its own: --input-size CHANNELS HEIGHT WIDTH"
        )
    return next((pair for pair in found if not _made_for_smaller(pair[0])), found[0])


def _made_for_smaller(form: NetworkForm) -> bool:
    """Whether the blocks see the whole photograph at full size, as only networks for small images let them."""
    first = form.blocks[0].size_taken if form.blocks else ()
    return bool(first) and first[0] == form.graph[0].size[0] >= GUESSED_SIDES[0]


def _zero_gammas(form: NetworkForm, module: nn.Module, spec: ModelSpec | None) -> int | None:
    """How many blocks end in a norm whose γ are all zero; None where neither numbers nor a spec tell."""
    parameters = dict(module.named_parameters())
    scales = [parameters[block.last_norm] for block in form.blocks if block.last_norm]
    if any(scale.is_meta for scale in scales):
        from_zero = isinstance(spec, NetworkSpec) and spec.block.zero_init_last
        return None if spec is None else len(scales) if from_zero else 0
    return sum(not scale.detach().any().item() for scale in scales)


def _nearest(subject: _Subject, identity: Identity) -> _Subject:
    """The nearest row of the zoo, with as many classes."""
    from resnetlab.nn import build

    spec: ModelSpec = find_spec(identity.row)
    spec = spec.with_fields(num_classes=subject.form.outputs, in_channels=subject.input_size[0])
    return _examined(spec.name, build(spec, "meta"), ModelCard(spec), subject.input_size)


def _rows(subject: _Subject, beside: _Subject | None) -> tuple[AuditRow, ...]:
    """The facts side by side, and where the computations part, if they do."""
    if beside is None:
        return tuple(AuditRow(topic, found, None) for topic, found in subject.facts.items())
    topics = dict.fromkeys((*subject.facts, *beside.facts))
    pairs = {topic: (subject.facts.get(topic, "–"), beside.facts.get(topic, "–")) for topic in topics}
    rows = (
        AuditRow(topic, found, None if NOT_KNOWN in (found, expected) else expected)
        for topic, (found, expected) in pairs.items()
    )
    return (*rows, *_computation(subject, beside))


def _differing(rows: tuple[AuditRow, ...]) -> tuple[str, ...]:
    return tuple(row.topic for row in rows if not row.is_same)


def _computation(subject: _Subject, beside: _Subject) -> tuple[AuditRow, ...]:
    """Where two networks begin to compute different things; nothing where they never do."""
    from resnetlab.analysis.fingerprint import first_difference

    here, there = first_difference(subject.form.graph, beside.form.graph)
    if here is None and there is None:
        return ()
    told = operation_in_words(here, there), operation_in_words(there, here)
    other = "the same, of other inputs" if told[0] == told[1] else told[1]
    return (AuditRow("computation", f"same up to {told[0]}", f"there {other}"),)


def _stage(blocks: tuple[BlockForm, ...]) -> AuditStage:
    first, last = blocks[0], blocks[-1]
    carried = " and ".join(f"the {layer.signature}" for layer in first.strided) or "a pool"
    others = dict.fromkeys(block.skip.kind for block in blocks[1:])
    skips = [first.skip.kind, *(kind for kind in others if kind != first.skip.kind)]
    detail = f" ({first.skip.detail})" if first.skip.kind == "zero-padding" else ""
    return AuditStage(
        place=first.place,
        blocks=len(blocks),
        channels=last.given,
        inner=last.inner if last.convolutions else 0,
        size=last.size_given,
        stride=f"{first.stride} in {carried}" if first.stride > 1 else "",
        skips=", then ".join([skips[0] + detail, *skips[1:]]),
    )
