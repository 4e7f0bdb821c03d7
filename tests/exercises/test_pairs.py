"""Two known mistakes in one answer are both named; what two make together, and two others too, is left unnamed."""

from __future__ import annotations

import pytest

from resnetlab.exercises.course import file_name, solution, task
from resnetlab.exercises.exercise import Mistake, mistaken
from resnetlab.exercises.workshop import Workshop

pytestmark = pytest.mark.xdist_group("exercises")
MADE_TOGETHER = [
    ("convolution_by_unfold", "padding-on-one-side", "kernel-flipped"),
    ("batch_norm", "biased-running-variance", "no-affine"),
    ("basic_block", "relu-before-the-addition", "bias-kept"),
    ("folding_batch_norm", "beta-forgotten", "changed-in-place"),
    ("counting", "positions-forgotten", "hooks-left-behind"),
]


def both(name: str, slugs: tuple[str, ...]) -> tuple[bytes, list[Mistake]]:
    """An answer with these mistakes, and the mistakes in the order of the row."""
    text, mistakes = solution(name), [mistake for mistake in task(name).mistakes if mistake.slug in slugs]
    for mistake in mistakes:
        text = mistaken(text, mistake)
    return text.encode(), mistakes


@pytest.mark.parametrize(("name", "one", "other"), MADE_TOGETHER)
def test_two_mistakes_at_once_are_both_named(name: str, one: str, other: str, workshop: Workshop) -> None:
    answer, (first, second) = both(name, (one, other))
    result = workshop.check(name, answer, file_name(name))
    assert (result.passed, result.mistake) == (False, first.slug), result.message
    assert result.message.startswith(f"{first.message}\nand a second mistake: {second.message}\n")
