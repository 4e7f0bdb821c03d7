"""An evaluation on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from resnetlab.actions.judging.evaluation import ClassScore, Evaluation
from resnetlab.core.terminal import on_one_line, plain_table

MOST_CLASSES = 20  # all of them in the table up to here, else the worst
MOST_PAIRS = 5


def evaluation_table(found: Evaluation) -> RenderableType:
    """The scores, the classes from the worst to the best, and what is taken for what most often."""
    scores = found.scores
    top5 = [] if scores.top5 is None else [f"top-5 {scores.top5:.2f} %"]
    head = [
        f"top-1 {scores.top1:.2f} %",
        *top5,
        f"loss {scores.loss:.4f}",
        f"calibration error {scores.calibration_error:.2f} %",
        f"{scores.n:,} images",
    ]
    seen = sorted((one for one in found.per_class if one.top1 is not None), key=lambda one: one.top1 or 0.0)
    shown = seen if len(seen) <= MOST_CLASSES else seen[:MOST_CLASSES]
    title = "by class, the worst first" + (f"; {len(shown)} of {len(seen)}" if len(shown) < len(seen) else "")
    parts: list[RenderableType] = [
        Text(f"{found.model} on {found.data}, {found.split} split", "bold"),
        Text(" · ".join(head) + "\n"),
        Text(title, "dim"),
        _classes(shown),
    ]
    pairs = list(_confused(found))
    if pairs:
        parts += [Text("\ntaken for another most often", "dim"), *map(Text, pairs)]
    return Group(*parts)


def _classes(shown: list[ClassScore]) -> RenderableType:
    table = plain_table("class", "images", "top-1", numbers=("images", "top-1"))
    for one in shown:
        table.add_row(on_one_line(one.name), f"{one.n:,}", f"{one.top1:.2f}")
    return table


def _confused(found: Evaluation) -> Iterator[str]:
    """The largest counts off the diagonal."""
    counts = [
        (count, true, taken)
        for true, row in enumerate(found.scores.confusion)
        for taken, count in enumerate(row)
        if count and true != taken
    ]
    for count, true, taken in sorted(counts, key=lambda one: -one[0])[:MOST_PAIRS]:
        of = sum(found.scores.confusion[true])
        yield f"  {on_one_line(found.classes[true])} for {on_one_line(found.classes[taken])}: {count:,} of {of:,}"
