"""Which blocks matter: removed one at a time, several at random, or swapped, and all skips cut."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from resnetlab.actions.diagnose_cost import MULTIPLY_ADDS, affordable
from resnetlab.actions.diagnosis import Section, SectionFigure, Subject
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


def lesions_section(subject: Subject) -> Section:
    """What the network loses without single blocks, without several, with two in each other's place, without skips.

    Raises:
        ResnetlabError: there is nothing that could be removed.
    """
    from resnetlab.analysis.block_order import find_swaps, swap_blocks
    from resnetlab.analysis.block_removal import cut_skips, find_removable, remove_one_at_a_time, remove_several
    from resnetlab.analysis.scoring import Examples, score

    every = Examples(subject.images, subject.labels, subject.batch_size)
    removable = find_removable(subject.model, every)
    names = removable.names
    images, fewer = affordable(subject, 3 * (len(names) + len(SHARES) * DRAWS + SWAPS + 1), IMAGES, 2 * MULTIPLY_ADDS)
    examples = every.first(images)
    whole, logits = score(subject.model, examples)
    subject.say(f"removing {len(names)} blocks, one at a time")
    single = remove_one_at_a_time(removable, examples, logits)
    subject.say("removing several blocks at random")
    counts = sorted({round(share * len(names)) for share in SHARES} - {0, 1})
    several = remove_several(removable, counts, DRAWS, subject.seed, examples, logits)
    subject.say("swapping blocks, cutting skips")
    pairs = find_swaps(removable, subject.images[:1])
    swapped = swap_blocks(subject.model, pairs, SWAPS, subject.seed, examples, logits)
    plain = cut_skips(removable, examples, logits)
    not_done = [sentence for sentence in (removable.note, fewer) if sentence]
    if not pairs:
        not_done.append("No two blocks could change places: none are modules of one shape, in and out and in weights.")
    return Section(
        "lesions",
        "Which blocks matter",
        _lead(len(examples), whole, single, plain),
        _figures(names, whole, single, several, plain),
        (_table(single, several, swapped, plain),),
        {
            "images": len(examples),
            "blocks": list(names),
            "whole": asdict(whole),
            "without_one": [asdict(lesion) for lesion in single],
            "without_several": [asdict(lesion) for lesion in several],
            "swapped": [asdict(lesion) for lesion in swapped],
            "without_skips": None if plain is None else asdict(plain),
        },
        _idle(single, whole) if subject.is_trained else (),
        tuple(not_done),
    )


def _lead(images: int, whole: Score, single: Sequence[Lesion], plain: Lesion | None) -> str:
    accuracies = [lesion.score.accuracy for lesion in single]
    worst = min(single, key=lambda lesion: (lesion.score.accuracy, -lesion.score.loss))
    lead = (
        f"With all blocks the network is right on {percent(whole.accuracy)} of {images} images. Without one of its "
        f"{len(single)} blocks it is on {percent(statistics.median(accuracies))} in the median, and on "
        f"{percent(worst.score.accuracy)} without {worst.blocks[0]}, which it misses most"
    )
    if worst.reestimated is not None:
        repaired = statistics.median(_reestimated(lesion).accuracy for lesion in single)
        lead += f"; {percent(repaired)} in the median once batch norm has its statistics anew"
    if plain is not None:
        lead += f". Its plain twin, all skips cut, is right on {percent(plain.score.accuracy)}"
    return f"{lead}. Nothing was trained again."


def _figures(
    names: Sequence[str], whole: Score, single: Sequence[Lesion], several: Sequence[Lesion], plain: Lesion | None
) -> tuple[SectionFigure, ...]:
    from resnetlab.pages.inside_figures import removals_figure, several_figure

    manners: dict[str, Callable[[Lesion], float]] = {AS_IT_STANDS: lambda lesion: lesion.score.accuracy}
    if all(lesion.reestimated is not None for lesion in single):
        manners[REESTIMATED] = lambda lesion: _reestimated(lesion).accuracy
    levels = {"all blocks": whole.accuracy} | ({} if plain is None else {"all skips cut": plain.score.accuracy})
    one = {name: [of(lesion) for lesion in single] for name, of in manners.items()}
    many = {name: [(len(lesion.blocks), of(lesion)) for lesion in several] for name, of in manners.items()}
    figures = [
        SectionFigure(
            "lesions-single",
            "Without one block",
            removals_figure(names, one, levels),
            "A residual network is said to lose little by any one block, a plain one all (Veit et al. 2016, Fig. 3).",
        )
    ]
    if several:
        figures.append(
            SectionFigure(
                "lesions-several",
                "Without several",
                several_figure(len(names), whole.accuracy, many),
                f"{DRAWS} random draws of each number; the lines are their means.",
            )
        )
    return tuple(figures)


def _table(
    single: Sequence[Lesion], several: Sequence[Lesion], swapped: Sequence[Lesion], plain: Lesion | None
) -> PageTable:
    changes = [(f"without {lesion.blocks[0]}", lesion) for lesion in single]
    changes += [(f"without {len(lesion.blocks)}: {', '.join(lesion.blocks)}", lesion) for lesion in several]
    changes += [(f"{lesion.blocks[0]} and {lesion.blocks[1]} swapped", lesion) for lesion in swapped]
    changes += [] if plain is None else [("all skips cut", plain)]
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
