"""The folder of a training: made or found again, locked, and told what stands in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import metadata, util
from pathlib import Path
from typing import Any

import torch

from resnetlab.actions.runs.settings import CONFIG
from resnetlab.actions.runs.train_settings import TrainSettings, config_text
from resnetlab.core.files import write_content
from resnetlab.core.folders import make_output_folder
from resnetlab.core.locks import LOCK, locked
from resnetlab.core.machine import describe_environment, processor_name
from resnetlab.core.terminal import json_text
from resnetlab.training.places import BEST, FOLDER, LAST, PREVIOUS

OF_A_RUN = (
    *(f"{FOLDER}/{name}" for name in (LAST, PREVIOUS, BEST)),
    *("metrics.jsonl", "summary.csv", "probes.jsonl", "log.txt", "train_batch0.jpg"),
    *("model.safetensors", "model.json", "eval.json", "run.json", "report.html"),
)
VERSIONS = ("resnetlab", "torchvision", "pillow", "timm")  # of what computes and of what reads images
MODULES = {"pillow": "PIL"}
FOLDERS_OF_A_RUN = ("plots", "tensorboard")


def make_run_folder(command: str, asked: TrainSettings) -> Path:
    """A folder for a new run; with `exist_ok` what an earlier run wrote into it is removed.

    Raises:
        OutputError: it cannot be written, or holds files.
    """
    name = f"{Path(str(asked.model)).name}-{Path(str(asked.data)).name}"
    return make_output_folder(command, name, asked.output, asked.exist_ok)


@contextmanager
def kept_for_us(folder: Path, own: bool) -> Iterator[None]:
    """Let no other run write to it meanwhile, and leave no folder behind in which nothing was written.

    Args:
        folder: of the run.
        own: the user chose it, so what it stands in is theirs.
    """
    with locked(folder):
        try:
            yield
        finally:
            (folder / LOCK).unlink(missing_ok=True)
            with suppress(OSError):  # the first that holds something
                for place in (folder, *([] if own else folder.parents[:2])):
                    place.rmdir()


def describe_run(folder: Path, asked: TrainSettings, device: str) -> None:
    """Write what decides a run, and where it takes place; remove what an earlier run left."""
    for name in OF_A_RUN:
        (folder / name).unlink(missing_ok=True)
    for name in FOLDERS_OF_A_RUN:
        shutil.rmtree(folder / name, ignore_errors=True)
    texts = {
        CONFIG: config_text(asked),
        "env.json": json_text(describe_environment() | run_environment(device)) + "\n",
    }
    for name, text in texts.items():
        write_content(folder / name, text)


def run_environment(device: str) -> dict[str, Any]:
    """What equal bits depend on beside the settings.

    Args:
        device: that is computed on; of "cuda:1" only the kind counts.
    """
    return {
        **{name: metadata.version(name) for name in VERSIONS if util.find_spec(MODULES.get(name, name))},
        "torch": str(torch.__version__),
        "device": device.partition(":")[0],
        "threads": torch.get_num_threads(),
        "processor": processor_name(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "ranks": int(os.environ.get("WORLD_SIZE", "1")),
    }


def environment_remark(then: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """What differs from where a run began, as a sentence; None where equal bits are promised.

    Args:
        then: as `run_environment` gave it; of what an older version did not write down nothing is said.
        now: the same of this call.
    """
    differ = [
        f"{name} {then[name]} then, {value} now" for name, value in now.items() if then.get(name, value) != value
    ]
    return f"going on, but not to the same bits: {'; '.join(differ)}" if differ else None
