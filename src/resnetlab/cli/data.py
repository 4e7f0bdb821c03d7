"""`resnetlab data inspect`."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from typing import Annotated, ClassVar

import tyro

from resnetlab.actions.inspecting.settings import InspectSettings


@dataclass(frozen=True)
class DataInspect(InspectSettings):
    """Tell what a data set holds: images of each class and split, sizes, mean and deviation, what cannot be read,
    which pictures are there twice; and draw a contact sheet of it.

    The exit code is 1 where something is wrong: images that cannot be read, a picture in two splits or two classes, a
    class that a split does not have.
    """

    data: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="DATA")]
    """data reference: digits, cifar10, cifar100, fashion_mnist, imagefolder:PATH, imagenet:PATH, hf:user/dataset."""
    json: bool = False
    """print the content of inspection.json."""

    EXAMPLES: ClassVar = (
        "resnetlab data inspect digits",
        "resnetlab data inspect imagefolder:classes --output inspected",
        "resnetlab data inspect imagefolder:classes --json",
    )

    def __call__(self) -> int:
        from resnetlab.actions.inspect_data import NUMBERS, SHEET, inspect_data
        from resnetlab.core.terminal import json_text, show

        asked = {field.name: getattr(self, field.name) for field in fields(InspectSettings)}
        found = inspect_data(self.data, **asked)
        for remark in found.remarks:
            print(remark, file=sys.stderr)
        if self.json:
            print(json_text(found.as_json()))
        else:
            from resnetlab.actions.inspecting.tables import inspection_table

            places = (f"numbers: {found.folder / NUMBERS}", f"sheet:   {found.folder / SHEET}")
            show(*inspection_table(found), "", *places)
        return 1 if found.wrong else 0
