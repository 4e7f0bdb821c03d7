"""`resnetlab audit`: which network a model really is."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Annotated, ClassVar

import tyro


@dataclass(frozen=True)
class Audit:
    """Tell which paper, version and options a model really implements, and the mistakes in it.

    The computation is looked at, not the names of classes, so that any model reference will do: a row of the zoo,
    torchvision:NAME, timm:NAME, a checkpoint, or a function of yours that gives a module, FILE.py:FUNCTION. The exit
    code is 0 whatever is found; with --against it is 1 where the two differ.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """a model reference: resnet50, torchvision:resnet50, my/net.py:make."""
    against: Annotated[
        str | None, tyro.conf.arg(metavar="MODEL", help_behavior_hint="(else the nearest row of the zoo)")
    ] = None
    """show the difference to this model, row by row; the exit code is 1 if they differ."""
    input_size: Annotated[
        tuple[int, int, int] | None,
        tyro.conf.arg(
            metavar="CHANNELS HEIGHT WIDTH", help_behavior_hint="(else what is known of the model, or runs)"
        ),
    ] = None
    """one image, as 3 32 32."""
    json: bool = False
    """print it as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab audit torchvision:resnet50",
        "resnetlab audit resnet50 --against torchvision:resnet50",
        "resnetlab audit 'resnet20[shortcut=B]' --json",
    )

    def __call__(self) -> int:
        from resnetlab.actions.audit import audit

        found = audit(self.model, self.against, self.input_size)
        if self.json:
            print(json.dumps(asdict(found), ensure_ascii=False, indent=2))
        else:
            from resnetlab.actions.auditing.table import audit_table
            from resnetlab.core.terminal import show

            show(audit_table(found))
        return 1 if found.against is not None and found.differences else 0
