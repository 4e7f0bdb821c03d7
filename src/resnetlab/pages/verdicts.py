"""The eight words as a page shows them: each with a shape, a tone and its meaning, so that none rests on colour.

Round marks stand for what an interval decided, square ones for exact parts; filled means affirmed, open means denied.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """One verdict.

    Args:
        word: as results say it.
        mark: the name of its shape in the page's template.
        tone: "affirmed", "denied", "open" or "absent": the colour, and nothing that the shape does not say too.
        meaning: what it takes, in one sentence.
    """

    word: str
    mark: str
    tone: str
    meaning: str


WORDS = (
    Word("supported", "supported", "affirmed", "The whole interval lies above δ."),
    Word("holds", "holds", "affirmed", "An exact part (arithmetic, a count, an identity) came out as stated."),
    Word("mixed", "mixed", "mixed", "Some of the claim's parts are affirmed and others denied."),
    Word("inconclusive", "inconclusive", "open", "The interval contains δ: these runs cannot tell."),
    Word(
        "smaller than δ", "smaller", "denied", "The whole interval lies below δ: if there is an effect, it is smaller."
    ),
    Word("reversed", "reversed", "denied", "The whole interval lies below −δ: the effect goes the other way."),
    Word("does not hold", "does-not-hold", "denied", "An exact part came out otherwise than stated."),
    Word("not run", "not-run", "absent", "Nothing was measured, so nothing is said."),
)


def word_for(verdict: str) -> Word:
    """The entry of a verdict.

    Raises:
        KeyError: it is none of the eight words.
    """
    return {word.word: word for word in WORDS}[verdict]
