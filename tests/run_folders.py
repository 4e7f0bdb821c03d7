"""Folders of runs as a training leaves them, with text that tries to be markup, to make pages of."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from resnetlab.actions.runs.records import Metrics, Summary
from resnetlab.actions.runs.report import RunFacts, write_facts
from resnetlab.training.events import EpochDone, StepDone

CLASSES = ("cat", "<b>dog</b>", "ein sehr langer Name einer Klasse, der nirgends hinpasst", "鳥")
CONFUSION = ((8, 2, 0, 0), (0, 9, 0, 1), (5, 2, 3, 0), (0, 0, 0, 0))
EPOCHS, STEPS_PER_EPOCH = 6, 20
SCORES: dict[str, Any] = {
    "split": "test",
    "n": 30,
    "top1": 66.67,
    "top5": None,
    "loss": 0.8125,
    "calibration_error": 4.5,
    "confusion": CONFUSION,
    "classes": CLASSES,
}
ENVIRONMENT = {
    "time": "2026-01-02T03:04:05+00:00",
    "command": "resnetlab train --data 'imagefolder:<i>photos</i>'",
    "system": "Linux x86_64",
    "processor": "a processor",
    "cores": 1,
    "versions": {"resnetlab": "9.9.9", "torch": "2.0"},
    "gpu": None,
}


def write_run(
    folder: Path, *, done: int = EPOCHS, validated: bool = True, evaluated: bool = True, probed: bool = True
) -> Path:
    """A run of `done` epochs of six; gives its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    metrics, summary = Metrics(folder, every=5), Summary(folder)
    for step in range(1, done * STEPS_PER_EPOCH + 1):
        metrics.on_step(StepDone(step, (step - 1) // STEPS_PER_EPOCH + 1, 0.1, 2 * math.exp(-step / 20), 32))
        if step % STEPS_PER_EPOCH == 0:
            epoch = step // STEPS_PER_EPOCH
            scores = (1.5 / epoch, 90 - abs(epoch - 4)) if validated else (None, None)
            event = EpochDone(epoch, step, 0.1, 2 / epoch, *scores, 90.0, 100.0 * epoch, validated and epoch <= 4)
            metrics.on_epoch(event)
            summary.on_epoch(event)
    metrics.close()
    counts = {"training images": 1234, "parameters": 269722}
    choices = {"precision": "bf16: <script>alert(1)</script>"}
    remarks = ("photos has no validation split: 12 of its <u>images</u> are held out",)
    write_facts(folder, RunFacts("resnet20", "imagefolder:<i>photos</i>", "train", EPOCHS, counts, choices, remarks))
    (folder / "env.json").write_text(json.dumps(ENVIRONMENT))
    (folder / "config.yaml").write_text("model: resnet20\ndata: imagefolder:<i>photos</i>\n")
    if evaluated:
        (folder / "eval.json").write_text(json.dumps(SCORES))
    if probed:
        (folder / "probes.jsonl").write_text("".join(f"{json.dumps(probe(step))}\n" for step in (1, 41, 81)))
    return folder


def probe(step: int) -> dict[str, Any]:
    """A look at three layers."""
    rows = (("conv1", "Conv2d", 0.5, 3.0), ("relu", "ReLU", 0.25, None), ("fc", "Linear", 2.0, 4.0))
    layers = [
        {"name": name, "kind": kind, "mean": 0.0, "std": std * step, "dead": 0.125, "gradient": 1.0}
        | {"parameter_gradient": None if norm is None else norm / step}
        for name, kind, std, norm in rows
    ]
    return {"step": step, "images": 4, "batch": 32, "layers": layers}
