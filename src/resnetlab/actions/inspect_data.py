"""`resnetlab data inspect`: what a data set holds, and what is wrong with it, before anything is trained on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from resnetlab.actions.inspecting.images import (
    UNSPLIT,
    Seen,
    SplitFacts,
    counted,
    facts_of,
    mean_and_deviation,
    see_all,
)
from resnetlab.actions.inspecting.settings import InspectSettings
from resnetlab.actions.inspecting.sheet import sheet_of
from resnetlab.core.errors import ImageError
from resnetlab.core.files import write_content
from resnetlab.core.folders import make_output_folder
from resnetlab.core.terminal import json_text
from resnetlab.data.labelled import LabelledImages
from resnetlab.data.references import open_data, own_splits

SCHEMA = "1"
NUMBERS, SHEET = "inspection.json", "contact_sheet.png"


@dataclass(frozen=True)
class Copy:
    """One of several images with the same pixels.

    Args:
        split: that it is in.
        label: the class it is said to be of.
        path: of its file, or what else it is called.
    """

    split: str
    label: str
    path: str


@dataclass(frozen=True)
class Inspection:
    """What a data set holds.

    Args:
        data: its reference.
        classes: names in the order of the labels' numbers, of all splits.
        splits: what each of them holds.
        duplicates: groups of images whose decoded pixels are the same, those across splits first.
        mean: of each channel of the training images' pixels in [0, 1].
        std: likewise.
        remarks: what a user should know of how it was read, a sentence each.
        folder: where inspection.json and contact_sheet.png are.
    """

    data: str
    classes: tuple[str, ...]
    splits: tuple[SplitFacts, ...]
    duplicates: tuple[tuple[Copy, ...], ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    remarks: tuple[str, ...]
    folder: Path

    @property
    def wrong(self) -> tuple[str, ...]:
        """What should be put right before training, a sentence each."""
        unreadable = sum(len(facts.unreadable) for facts in self.splits)
        across = sum(len({copy.split for copy in group}) > 1 for group in self.duplicates)
        whole = sum({copy.split for copy in group} == {UNSPLIT} for group in self.duplicates)
        torn = sum(len({copy.label for copy in group}) > 1 for group in self.duplicates)
        lacking = [facts.split for facts in self.splits if 0 in facts.per_class]
        found = {
            f"{counted(unreadable, 'image')} cannot be read": unreadable,
            f"in more than one split: {counted(across, 'picture')}; learning by heart would look like skill": across,
            f"there twice: {counted(whole, 'picture')}; training may put the copies into two parts": whole,
            f"in more than one class: {counted(torn, 'picture')}": torn,
            f"classes are missing in the {' and the '.join(lacking)} split": len(lacking),
            f"there is {counted(len(self.classes), 'class')}: nothing can be told apart": len(self.classes) < 2,
        }
        return tuple(sentence for sentence, count in found.items() if count)

    def as_json(self) -> dict[str, Any]:
        """The content of inspection.json."""
        facts = {key: value for key, value in asdict(self).items() if key != "folder"}
        return {"schema": SCHEMA, **facts, "wrong": self.wrong}


def inspect_data(data: str, **settings: Any) -> Inspection:
    """What a data set holds: images of each class and split, sizes, mean and deviation, what cannot be read, what is
    there twice; inspection.json and a contact sheet are written.

    Every image is decoded once. Two images are the same where their decoded pixels are, whatever files they are in; a
    picture that was scaled or compressed anew is another one.

    Args:
        data: a data reference.
        **settings: the fields of `InspectSettings`: output, exist_ok, seed, quiet.

    Raises:
        ResnetlabError: the request cannot be met.
    """
    asked = InspectSettings(**settings)
    there = own_splits(data)
    parts: dict[str, LabelledImages] = {split: open_data(data, split) for split in there}
    parts = parts or {UNSPLIT: open_data(data, "train")}
    classes = _all_classes([part.classes for part in parts.values()])
    name = Path(data.partition(":")[2] or data).name
    folder = make_output_folder("inspect", name, asked.output, asked.exist_ok)
    seen = {split: see_all(part, split, quiet=asked.quiet) for split, part in parts.items()}
    learnt = "train" if "train" in seen else next(iter(seen))
    mean, std = mean_and_deviation(seen[learnt])
    found = Inspection(
        data,
        classes,
        tuple(facts_of(part, split, classes, seen[split]) for split, part in parts.items()),
        _duplicates(parts, seen),
        mean,
        std,
        tuple(dict.fromkeys(remark for part in parts.values() for remark in part.remarks)),
        folder,
    )
    sheet = sheet_of(parts[learnt], learnt, seen[learnt], asked.seed)
    if sheet is not None:
        write_content(folder / SHEET, sheet)
    write_content(folder / NUMBERS, json_text(found.as_json()))
    return found


def _all_classes(named: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The names of all splits: in the order of their labels where the splits agree, else of the alphabet."""
    return named[0] if len(set(named)) == 1 else tuple(sorted({name for names in named for name in names}))


def _duplicates(
    parts: Mapping[str, LabelledImages], seen: Mapping[str, Sequence[Seen | ImageError]]
) -> tuple[tuple[Copy, ...], ...]:
    """Groups of images with the same pixels; those across splits first, then those across classes."""
    groups: dict[str, list[Copy]] = defaultdict(list)
    for split, part in parts.items():
        for number, one in enumerate(seen[split]):
            if isinstance(one, Seen):
                path = str(part.files[number]) if part.files else part.name_of(number)
                groups[one.pixels].append(Copy(split, part.classes[part.labels[number]], path))
    several = [tuple(group) for group in groups.values() if len(group) > 1]
    return tuple(
        sorted(several, key=lambda group: (-len({one.split for one in group}), -len({one.label for one in group})))
    )
