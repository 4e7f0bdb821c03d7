"""`resnetlab models` and `resnetlab models show`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Annotated, ClassVar

import tyro


@dataclass(frozen=True)
class Models:
    """List the networks of the zoo, with their size, cost, receptive field and published accuracy."""

    pattern: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="[PATTERN]")] = "*"
    """names to list, as of a shell: 'resnet*'; a plain word fits every name that contains it."""
    json: bool = False
    """print the list as JSON."""

    EXAMPLES: ClassVar = ("resnetlab models", "resnetlab models 'resnet*'", "resnetlab models vgg --json")

    def __call__(self) -> int:
        from resnetlab.actions.models import tabulate_models

        rows = tabulate_models(self.pattern)
        if self.json:
            print(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=2))
        else:
            from resnetlab.actions.networks.tables import models_table
            from resnetlab.core.terminal import show

            show(models_table(rows))
        return 0


@dataclass(frozen=True)
class ModelsShow:
    """Show one network: its stages as its paper's table has them, and every layer with its shape and cost."""

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]
    """a row of the zoo, with fields changed if you like: resnet50, resnet20[shortcut=B]."""
    layers: bool = False
    """show every layer too."""
    json: bool = False
    """print all of it as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab models show resnet50",
        "resnetlab models show 'resnet20[shortcut=B]' --layers",
        "resnetlab models show vgg16 --json",
    )

    def __call__(self) -> int:
        from resnetlab.actions.models import show_model

        sheet = show_model(self.model)
        if self.json:
            print(json.dumps(asdict(sheet), ensure_ascii=False, indent=2))
        else:
            from resnetlab.actions.networks.tables import model_sheet
            from resnetlab.core.terminal import show

            show(model_sheet(sheet, self.layers))
        return 0
