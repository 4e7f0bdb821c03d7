"""What moved since an earlier time: every parameter beside itself, in two checkpoints of one network."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import nn

from resnetlab.actions.diagnosing.diagnosis import Section, SectionFigure
from resnetlab.actions.networks.references import resolve_model
from resnetlab.analysis.health import HealthFinding
from resnetlab.analysis.health_judgement import named_places
from resnetlab.core.errors import ResnetlabError
from resnetlab.pages.diagnosis_page import PageTable
from resnetlab.pages.numbers import number

SLUG, TITLE = "changes", "Since the earlier checkpoint"


@dataclass(frozen=True)
class Change:
    """One parameter at two times.

    Args:
        name: of it.
        learns: it asks for a gradient.
        before: its norm at the earlier time.
        now: its norm.
        moved: norm of the difference, over the earlier norm; over one where that is zero.
    """

    name: str
    learns: bool
    before: float
    now: float
    moved: float


def earlier_network(reference: str, now: nn.Module) -> nn.Module:
    """A network as it was at an earlier time.

    Args:
        reference: of it then.
        now: the network.

    Raises:
        ResnetlabError: nothing can be read there, or it is another network.
    """
    with torch.random.fork_rng():  # weights are drawn before they are read
        earlier = resolve_model(reference, untrained=True).module
    old, new = dict(earlier.named_parameters()), dict(now.named_parameters())
    other = [name for name in new if name not in old or old[name].shape != new[name].shape]
    if other or len(old) != len(new):
        name = other[0] if other else next(name for name in old if name not in new)
        raise ResnetlabError(
            f"--earlier {reference} is another network: its {name} is missing or of another shape\n"
            "give an earlier checkpoint of the same network"
        )
    return earlier


def changes(earlier: nn.Module, now: nn.Module) -> tuple[Change, ...]:
    """How far every parameter moved.

    Args:
        earlier: the network at an earlier time.
        now: the same network.
    """
    old = {name: parameter.detach().cpu().double() for name, parameter in earlier.named_parameters()}
    found = []
    for name, parameter in now.named_parameters():
        value = parameter.detach().cpu().double()
        size = old[name].norm().item()
        moved = (value - old[name]).norm().item() / (size or 1.0)
        found.append(Change(name, parameter.requires_grad, size, value.norm().item(), moved))
    return tuple(found)


def changes_section(reference: str, earlier: nn.Module, now: nn.Module) -> Section:
    """Norms and updates of every parameter since the earlier checkpoint.

    Args:
        reference: of the earlier checkpoint.
        earlier: the network then.
        now: the network.
    """
    found = changes(earlier, now)
    moved = sorted(change.moved for change in found)
    numbers = {"earlier": reference, "parameters": [asdict(one) for one in found]}
    if not moved[-1]:
        same = "both checkpoints hold the same numbers, so nothing moved"
        return Section(SLUG, TITLE, f"Beside {reference}.", numbers=numbers, not_done=(same,))
    lead = (
        f"Since {reference}, a parameter moved by {number(moved[0])} to {number(moved[-1])} of its norm, by "
        f"{number(moved[len(moved) // 2])} in the median."
    )
    rows = tuple((one.name, number(one.before), number(one.now), number(one.moved)) for one in found)
    columns = ("Parameter", "Earlier norm", "Norm", "Moved")
    table = PageTable("Parameter by parameter", columns, rows, columns[1:], "Moved: of the earlier norm.")
    still = tuple(named_places(_still(change) for change in found if change.learns and not change.moved))
    return Section(SLUG, TITLE, lead, _figures(found), (table,), numbers, still)


def _still(change: Change) -> HealthFinding:
    advice = "this parameter asks for a gradient and is what it was, bit for bit: it was frozen, or no gradient came"
    return HealthFinding("did not move", "warning", change.name, 0.0, 0.0, advice)


def _figures(found: tuple[Change, ...]) -> tuple[SectionFigure, ...]:
    from resnetlab.pages.diagnosis_figures import by_depth

    updates = {"moved": [one.moved for one in found]}
    norms = {"earlier": [one.before for one in found], "now": [one.now for one in found]}
    return (
        SectionFigure(
            "changes-updates",
            "How far parameters moved",
            by_depth(updates, x="parameter", y="change / earlier norm", log_y=True),
        ),
        SectionFigure(
            "changes-norms", "Norms of the parameters", by_depth(norms, x="parameter", y="norm", log_y=True)
        ),
    )
