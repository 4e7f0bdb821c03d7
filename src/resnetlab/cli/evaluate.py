"""`resnetlab eval`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Annotated, ClassVar

import tyro

from resnetlab.actions.networks.settings import EvalSettings


@dataclass(frozen=True)
class Eval(EvalSettings):
    """Tell how often a network is right on labelled images: top-1, top-5, loss, each class, what it confuses, and how
    far its confidence is from its accuracy.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """model reference: resnet50@DEFAULT, a checkpoint, a run folder, timm:resnet50@a1_in1k."""
    data: str
    """data reference: digits, cifar10, cifar100, fashion_mnist, imagefolder:PATH, imagenet:PATH, hf:user/dataset."""
    json: bool = False
    """print the content of eval.json."""

    EXAMPLES: ClassVar = (
        "resnetlab eval 'resnet20[in_channels=1]' --data digits --untrained",
        "resnetlab eval 'resnet20[in_channels=1]' --data digits --untrained --split train --output scores",
        "resnetlab eval 'resnet20[num_classes=2]' --data imagefolder:classes --untrained --json",
    )

    def __call__(self) -> int:
        from resnetlab.actions.evaluate import evaluate
        from resnetlab.actions.networks.ready_network import assumptions_in_short
        from resnetlab.core.terminal import json_text, show

        found = evaluate(self.model, self.data, **self.only(EvalSettings))
        assumed = () if self.json else assumptions_in_short(self.model, found.assumptions)
        for said in (*assumed, *found.remarks):
            print(said, file=sys.stderr)
        if self.json:
            print(json_text(found.as_json()))
        else:
            from resnetlab.actions.judging.evaluation_tables import evaluation_table

            numbers, figure = found.folder / "eval.json", found.folder / "confusion.svg"
            show(evaluation_table(found), "", f"numbers: {numbers}", f"figure:  {figure}")
        return 0
