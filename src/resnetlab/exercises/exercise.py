"""What an exercise is: a worked solution with a blank in it, hints, and the mistakes that people make.

The stub that a learner gets is the solution without what stands between its markers, and a known mistake is the
solution with a few lines changed. So nothing is written twice, and every mistake is a row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

GRADIENT_CUT = "the numbers are right, and no gradient comes through: detach, .data or no_grad cut the graph"
SOFTMAX_AT_THE_END = "the network ends in a softmax: it gives logits, and cross entropy brings its own softmax"
NOT_POOLED = "the pixels go into the linear layer as they are: their mean over rows and columns does"
BEGIN, END = "# --- fill in", "# --- until here ---"
BLANK = re.compile(rf"^(?P<indent> *){BEGIN} ---\n(?P<inside>.*?)^ *{END}\n", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Mistake:
    """A wrong solution that people really write.

    Args:
        slug: its name, in words with hyphens.
        message: names the mistake to the learner and says what holds instead, without giving the line away.
        edits: pairs (old, new) that turn the worked solution into the wrong one; each old text stands there once.
    """

    slug: str
    message: str
    edits: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Exercise:
    """One task of the course.

    Args:
        name: of its folder in the course, and of the learner's file after the number.
        title: a few words.
        asks: names that the learner's file has to define.
        hints: three steps, from a nudge to nearly the line.
        mistakes: six or more.
    """

    name: str
    title: str
    asks: tuple[str, ...]
    hints: tuple[str, str, str]
    mistakes: tuple[Mistake, ...]


def stub_of(solution: str) -> str:
    """The learner's file: every blank holds one line that raises."""

    def emptied(blank: re.Match[str]) -> str:
        indent = blank["indent"]
        lines = len(blank["inside"].splitlines())
        size = "1 line is" if lines == 1 else f"{lines} lines are"
        return f"{indent}{BEGIN}: {size} enough ---\n{indent}raise NotImplementedError\n{indent}{END}\n"

    return BLANK.sub(emptied, solution)


def blank_lines(solution: str) -> int:
    """How many lines of the solution a learner has to write."""
    return sum(len(blank["inside"].splitlines()) for blank in BLANK.finditer(solution))


def worked(solution: str) -> str:
    """The solution as it is shown: without the markers."""
    return "".join(line for line in solution.splitlines(keepends=True) if not line.strip().startswith((BEGIN, END)))


def mistaken(solution: str, mistake: Mistake) -> str:
    """The solution with this mistake in it.

    Raises:
        LookupError: an old text does not stand there exactly once.
    """
    for old, new in mistake.edits:
        if solution.count(old) != 1:
            raise LookupError(f"{mistake.slug}: {old!r} stands {solution.count(old)} times in the solution, not once")
        solution = solution.replace(old, new)
    return solution
