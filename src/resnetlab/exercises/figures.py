"""Figures beside the reading exercises: drawn by the laboratory's own claims, from numbers kept with the exercise.

The numbers are what `resnetlab lab run` measured. The pictures are kept too, so that laying out a course draws nothing
and imports no PyTorch; `python -m resnetlab.exercises.figures` draws them again.
"""

from __future__ import annotations

import json
from html import escape

from resnetlab.core.files import write_content
from resnetlab.exercises.course import HOME

MADE_BY = {"reading_training_curves": "skip_rescues_depth", "reading_lesions": "lesion_one_block"}
"""Exercise → the claim whose figure it shows."""


def draw(name: str) -> str:
    """The figure as a file of its own: SVG on white, which begins with its words for readers who do not see it."""
    from resnetlab.experiments.base import Results
    from resnetlab.experiments.ledger import find_claim
    from resnetlab.pages.svg import drawn

    kept = json.loads((HOME / name / "measured.json").read_text(encoding="utf-8"))
    results = Results({arm: {int(seed): measures for seed, measures in runs.items()} for arm, runs in kept.items()})
    drawing = drawn(find_claim(MADE_BY[name]).figure(results), name)
    head, _, inside = drawing.svg.partition(">")
    told = f"<title>{MADE_BY[name]}</title>\n<desc>{escape(drawing.words)}</desc>"
    return f'{head} color="black">\n{told}\n<rect width="100%" height="100%" fill="white" />\n{inside}\n'


def main() -> None:
    """Draw all of them anew, where they are kept."""
    for name in MADE_BY:
        write_content(HOME / name / "figure.svg", draw(name))


if __name__ == "__main__":
    main()
