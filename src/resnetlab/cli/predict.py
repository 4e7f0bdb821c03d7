"""`resnetlab predict`."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import Annotated, ClassVar

import tyro

from resnetlab.actions.networks.settings import PredictSettings


@dataclass(frozen=True)
class Predict(PredictSettings):
    """Tell what a network sees in images: JPEG, PNG, BMP, GIF or WEBP, upright by their EXIF tag, on white.

    Images that cannot be read are named at the end, and the exit code is then 1.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """model reference: resnet50@DEFAULT, a checkpoint, a run folder, timm:resnet50@a1_in1k."""
    inputs: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="INPUT [INPUT ...]")]
    """files, folders (every image below them), patterns; - takes an image, or paths, from standard input."""
    json: bool = False
    """print the result as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab predict resnet18 photos --untrained",
        "resnetlab predict resnet20 'photos/*.jpg' --untrained --top 3 --size 32",
        "resnetlab predict 'resnet20[in_channels=1]' photos/flower.jpg --untrained --json",
    )

    def __call__(self) -> int:
        from resnetlab.actions.networks.ready_network import assumptions_in_short
        from resnetlab.actions.predict import predict
        from resnetlab.core.terminal import json_text, show

        found = predict(self.model, self.inputs, **self.only(PredictSettings))
        if self.json:
            print(json_text(asdict(found)))
        else:
            from resnetlab.actions.judging.predict_tables import predictions_table

            show(predictions_table(found))
        assumed = () if self.json else assumptions_in_short(self.model, found.assumptions)
        for said in (*assumed, *found.remarks, *(image.reason for image in found.unreadable)):
            print(said, file=sys.stderr)
        return 1 if found.unreadable else 0
