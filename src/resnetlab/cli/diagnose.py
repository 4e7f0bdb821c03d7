"""`resnetlab diagnose`: whether signal and gradient get through a network, and what is wrong with it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from typing import Annotated, ClassVar, Literal

import tyro

from resnetlab.actions.diagnosing.settings import DiagnoseSettings


@dataclass(frozen=True)
class Diagnose(DiagnoseSettings):
    """Look inside any classifier with your data: signal, gradients, batch norms, outputs, and what is wrong with them.

    Each finding names a rule, a layer, what was measured and what to do; a page, diagnosis.json and every figure are
    written. Any model reference will do, trained or not. Parts beside health: see docs/diagnose.md.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """a model reference: resnet20, torchvision:resnet50@DEFAULT, timm:convnext_tiny, a run folder, my/net.py:make."""
    data: str
    """data reference: digits, cifar10, cifar100, fashion_mnist, imagefolder:PATH, imagenet:PATH, hf:user/dataset."""
    fail_on: Annotated[Literal["warning", "error", "nothing"], tyro.conf.arg(metavar="{warning,error,nothing}")] = (
        "nothing"
    )
    """the exit code is 1 where there is such a finding, or a worse one."""
    json: bool = False
    """print the content of diagnosis.json."""

    EXAMPLES: ClassVar = (
        "resnetlab diagnose 'resnet20[in_channels=1]' --data digits",
        "resnetlab diagnose 'plain20[width=4]' --data digits --parts health --images 64 --fail-on error",
        "resnetlab diagnose torchvision:resnet18 --data digits --parts health --images 32 --batch-size 16 --json",
    )

    def __call__(self) -> int:
        from resnetlab.actions.diagnose import diagnose
        from resnetlab.core.terminal import json_text, show

        settings = {field.name: getattr(self, field.name) for field in fields(DiagnoseSettings)}
        found = diagnose(self.model, self.data, **settings)
        for said in found.remarks:
            print(said, file=sys.stderr)
        if self.json:
            from resnetlab.actions.diagnosing.page import diagnosis_json

            print(json_text(diagnosis_json(found)))
        else:
            from resnetlab.actions.diagnosing.table import diagnosis_table

            folder = found.folder
            show(
                diagnosis_table(found),
                "",
                f"page:    {folder / 'report.html'}",
                f"numbers: {folder / 'diagnosis.json'}",
            )
        severities = {"nothing": (), "error": ("error",), "warning": ("error", "warning")}[self.fail_on]
        return 1 if any(one.severity in severities for one in found.findings) else 0
