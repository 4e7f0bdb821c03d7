"""Which blocks matter: removed one at a time, several at random, or swapped, and all skips cut."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from resnetlab.actions.diagnosing.cost import MULTIPLY_ADDS, affordable
from resnetlab.actions.diagnosing.diagnosis import Section, SectionFigure, Subject
from resnetlab.analysis.health import HealthFinding
from resnetlab.pages.diagnosis_page import PageTable
from resnetlab.pages.numbers import number, percent

if TYPE_CHECKING:
    from resnetlab.analysis.block_removal import Lesion
    from resnetlab.analysis.scoring import Score

IMAGES = 256
DRAWS = 3
SWAPS = 4
SHARES = (1 / 4, 1 / 2, 3 / 4)
AS_IT_STANDS, REESTIMATED = "as it stands", "batch norm re-estimated"
IDLE = "idle block"
NO_PAIRS = "No two blocks could change places: none are modules of one shape, in and out and in weights"


@dataclass(frozen=True)
class _Seen:
    """What was measured.

    Args:
        images: that were classified.
        blocks: names, first to last.
        whole: the network with all of them.
        single: without one of each.
        several: without some at random.
        swapped: with two in each other's place.
        plain: with all skips cut; None where there are none.
    """

    images: int
    blocks: tuple[str, ...]
    whole: Score
    single: tuple[Lesion, ...]
    several: tuple[Lesion, ...]
    swapped: tuple[Lesion, ...]
    plain: Lesion | None

    def as_json(self) -> dict[str, Any]:
        """By the names that diagnosis.json has."""
        names = {"single": "without_one", "several": "without_several", "plain": "without_skips"}
        fields = asdict(self).items()
        return {names.get(name, name): list(one) if isinstance(one, tuple) else one for name, one in fields}


def lesions_section(subject: Subject) -> Section:
    """What the network loses without single blocks, without several, with two in each other's place, without skips.

    Raises:
        ResnetlabError: there is nothing that could be removed.
    """
    from resnetlab.analysis.block_order import find_swaps, swap_blocks
    from resnetlab.analysis.block_removal import cut_skips, find_removable, remove_one_at_a_time, remove_several
    from resnetlab.analysis.scoring import score

    model, removable = subject.model, find_removable(subject.model, subject.examples)
    names = removable.names
    passes = 3 * (len(names) + len(SHARES) * DRAWS + SWAPS + 1)
    images, fewer = affordable(subject, passes, IMAGES, 2 * MULTIPLY_ADDS)
    examples = subject.examples.first(images)
    whole, logits = score(model, examples)
    subject.say(f"removing {len(names)} blocks, one at a time, and several at random")
    single = remove_one_at_a_time(removable, examples, logits)
    counts = sorted({round(share * len(names)) for share in SHARES} - {0, 1})
    several = remove_several(removable, counts, DRAWS, subject.seed, examples, logits)
    subject.say("swapping blocks, cutting skips")
    pairs = find_swaps(removable, subject.images[:1])
    swapped = swap_blocks(model, pairs, SWAPS, subject.seed, examples, logits)
    seen = _Seen(images, names, whole, single, several, swapped, cut_skips(removable, examples, logits))
    return Section(
        "lesions",
        "Which blocks matter",
        _lead(seen),
        _figures(seen),
        (_table(seen),),
        seen.as_json(),
        _idle(single, whole) if subject.is_trained else (),
        tuple(filter(None, (removable.note, fewer, "" if pairs else NO_PAIRS))),
    )


def _lead(seen: _Seen) -> str:
    accuracies = [lesion.score.accuracy for lesion in seen.single]
    worst = min(seen.single, key=lambda lesion: (lesion.score.accuracy, -lesion.score.loss))
    lead = (
        f"With all blocks the network is right on {percent(seen.whole.accuracy)} of {seen.images} images. Without one "
        f"of its {len(seen.single)} blocks it is on {percent(statistics.median(accuracies))} in the median, and on "
        f"{percent(worst.score.accuracy)} without {worst.blocks[0]}, which it misses most"
    )
    if worst.reestimated is not None:
        repaired = statistics.median(_reestimated(lesion).accuracy for lesion in seen.single)
        lead += f"; {percent(repaired)} in the median once batch norm has its statistics anew"
    if seen.plain is not None:
        lead += f". Its plain twin, all skips cut, is right on {percent(seen.plain.score.accuracy)}"
    return f"{lead}. Nothing was trained again."


def _figures(seen: _Seen) -> tuple[SectionFigure, ...]:
    from resnetlab.pages.inside_figures import removals_figure, several_figure

    manners: dict[str, Callable[[Lesion], float]] = {AS_IT_STANDS: lambda lesion: lesion.score.accuracy}
    if all(lesion.reestimated is not None for lesion in seen.single):
        manners[REESTIMATED] = lambda lesion: _reestimated(lesion).accuracy
    plain = {} if seen.plain is None else {"all skips cut": seen.plain.score.accuracy}
    one = {name: [of(lesion) for lesion in seen.single] for name, of in manners.items()}
    many = {name: [(len(lesion.blocks), of(lesion)) for lesion in seen.several] for name, of in manners.items()}
    single = removals_figure(seen.blocks, one, {"all blocks": seen.whole.accuracy} | plain)
    claim = "A residual network is said to lose little by any one block, a plain one all (Veit et al. 2016, Fig. 3)."
    figures = (SectionFigure("lesions-single", "Without one block", single, claim),)
    if not seen.several:
        return figures
    several = several_figure(len(seen.blocks), seen.whole.accuracy, many)
    caption = f"{DRAWS} random draws of each number; the lines are their means."
    return (*figures, SectionFigure("lesions-several", "Without several", several, caption))


def _table(seen: _Seen) -> PageTable:
    changes = [(f"without {lesion.blocks[0]}", lesion) for lesion in seen.single]
    changes += [(f"without {len(lesion.blocks)}: {', '.join(lesion.blocks)}", lesion) for lesion in seen.several]
    changes += [(f"{lesion.blocks[0]} and {lesion.blocks[1]} swapped", lesion) for lesion in seen.swapped]
    changes += [] if seen.plain is None else [("all skips cut", seen.plain)]
    rows = tuple(
        (
            what,
            percent(lesion.score.accuracy),
            percent(lesion.score.agreement),
            number(lesion.score.loss),
            "–" if lesion.reestimated is None else percent(lesion.reestimated.accuracy),
        )
        for what, lesion in changes
    )
    return PageTable(
        "Change by change",
        ("Change", "Right", "Same answer", "Loss", "Right, re-estimated"),
        rows,
        ("Right", "Same answer", "Loss", "Right, re-estimated"),
        "A removed block leaves its skip alone, with the projection where one stands there. Same answer: images that "
        "are classified as by the whole network. Re-estimated: batch norms take their statistics anew from the same "
        "images, without their labels.",
    )


def _idle(single: Sequence[Lesion], whole: Score) -> tuple[HealthFinding, ...]:
    """Blocks that a trained network does not notice the loss of."""
    return tuple(
        HealthFinding(
            IDLE,
            "info",
            lesion.blocks[0],
            abs(lesion.score.loss - whole.loss),
            0.0,
            "the network's loss is the same without this block: it may be taken out, or its branch never learned",
        )
        for lesion in single
        if lesion.score.loss == whole.loss
    )


def _reestimated(lesion: Lesion) -> Score:
    assert lesion.reestimated is not None
    return lesion.reestimated
