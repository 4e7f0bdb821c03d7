"""An inspection of data on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from resnetlab.actions.inspect_data import Inspection
from resnetlab.actions.inspecting.images import SplitFacts
from resnetlab.core.terminal import on_one_line, plain_table

MOST_CLASSES = 20  # all of them in the table up to here, else the smallest and the largest
NOTHING_WRONG = "nothing is wrong: every image can be read, and no picture is in two splits or two classes"
MOST_NAMED = 5  # images or groups of a kind


def inspection_table(found: Inspection) -> list[RenderableType]:
    """Images of each class and split, what they are like, and what is wrong; sentences as texts, for `show`."""
    images = sum(facts.images for facts in found.splits)
    parts: list[RenderableType] = [
        Text(f"{on_one_line(found.data)}: {images:,} images, {len(found.classes)} classes", "bold"),
        "",
        _counts(found),
        "",
        _facts(found),
    ]
    trouble = [*_unreadable(found), *_duplicates(found)]
    if trouble:
        parts += ["", *trouble]
    verdict = found.wrong or (NOTHING_WRONG,)
    return [*parts, "", *(f"{'✗' if found.wrong else '✓'} {sentence}" for sentence in verdict)]


def _counts(found: Inspection) -> RenderableType:
    splits = [facts.split for facts in found.splits]
    table = plain_table("class", *splits, numbers=splits)
    rows = [(name, [facts.per_class[number] for facts in found.splits]) for number, name in enumerate(found.classes)]
    if len(rows) > MOST_CLASSES:
        rows.sort(key=lambda row: sum(row[1]))
        half = MOST_CLASSES // 2
        for name, counts in (*rows[:half], (f"… {len(rows) - 2 * half} more …", []), *rows[-half:]):
            table.add_row(on_one_line(name), *(f"{count:,}" for count in counts))
    else:
        for name, counts in rows:
            table.add_row(on_one_line(name), *(f"{count:,}" for count in counts))
    table.add_row(Text("all", "bold"), *(Text(f"{facts.images:,}", "bold") for facts in found.splits))
    return table


def _facts(found: Inspection) -> RenderableType:
    table = plain_table("", "")
    for facts in found.splits:
        if facts.sizes:
            table.add_row(Text(facts.split, "dim"), f"{_sizes(facts)}; {_channels(facts)}")
    if found.mean:
        learnt = "training" if any(facts.split == "train" for facts in found.splits) else found.splits[0].split
        table.add_row(Text("mean", "dim"), f"{_numbers(found.mean)} of {learnt} pixels in [0, 1]")
        table.add_row(Text("deviation", "dim"), _numbers(found.std))
    return table


def _sizes(facts: SplitFacts) -> str:
    (width, height, count), *others = facts.sizes
    if not others:
        return f"{width} × {height} pixels"
    widths, heights = ([size[side] for size in facts.sizes] for side in (0, 1))
    spread = f"{min(widths)} to {max(widths)} pixels wide, {min(heights)} to {max(heights)} high"
    return f"{spread}; most often {width} × {height} ({count:,})"


def _channels(facts: SplitFacts) -> str:
    names = {1: "grey", 3: "colour"}
    if len(facts.channels) == 1:
        return names[facts.channels[0][0]]
    return ", ".join(f"{count:,} {names[channels]}" for channels, count in facts.channels)


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.4f}" for value in values)


def _unreadable(found: Inspection) -> Iterator[str]:
    reasons = [one.reason.splitlines()[0] for facts in found.splits for one in facts.unreadable]
    yield from reasons[:MOST_NAMED]
    if len(reasons) > MOST_NAMED:
        yield f"and {len(reasons) - MOST_NAMED} more that cannot be read"


def _duplicates(found: Inspection) -> Iterator[str]:
    for group in found.duplicates[:MOST_NAMED]:
        yield "the same picture: " + ", ".join(
            f"{on_one_line(copy.path)} ({copy.split}, {on_one_line(copy.label)})" for copy in group
        )
    if len(found.duplicates) > MOST_NAMED:
        yield f"and {len(found.duplicates) - MOST_NAMED} more pictures that are there twice or more often"
