"""What `resnetlab doctor` looks at."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from resnetlab.core.devices import choose_device
from resnetlab.core.folders import cache_folder
from resnetlab.core.machine import PACKAGES, processor_name, usable_cores

EXTRAS = {
    "cluster": ("ray", "dask"),
    "explain": ("captum",),
    "hub": ("timm", "huggingface_hub"),
    "track": ("tensorboard",),
}
FLAGS = {"avx2": "AVX2", "avx512f": "AVX-512", "avx512_vnni": "VNNI", "avx512_bf16": "AVX-512 BF16", "amx_bf16": "AMX"}
FREE_GIGABYTES = 1


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        topic: what.
        found: what is there.
        good: whether it is as it should be; None where there is nothing to judge.
        remedy: what to do where it is not.
        needed: resnetlab does not work without it.
    """

    topic: str
    found: str
    good: bool | None = None
    remedy: str = ""
    needed: bool = False


def examine() -> list[Finding]:
    """Everything worth knowing before a long run, the machine first."""
    return [*_machine(), *_versions(), *_speed_paths(), *_training(), *_data(), *_caches(), *_extras()]


def _machine() -> list[Finding]:
    cores = usable_cores()
    free = shutil.disk_usage(tempfile.gettempdir()).free / 1e9
    enough = free > FREE_GIGABYTES
    return [
        Finding("processor", f"{processor_name()}, {cores} cores"),
        Finding("disk", f"{free:.0f} GB free for temporary files", enough, "" if enough else "free some space", True),
    ]


def _versions() -> list[Finding]:
    python = Finding("python", sys.version.split()[0], sys.version_info >= (3, 11), needed=True)
    return [python, *(Finding(name, metadata.version(name), True, needed=True) for name in PACKAGES)]


def _speed_paths() -> list[Finding]:
    import torch

    compiler = shutil.which(os.environ.get("CXX", "g++"))
    return [
        Finding("instructions", ", ".join(_instructions()) or "unknown"),
        Finding(
            "oneDNN", "on" if torch.backends.mkldnn.is_available() else "off", torch.backends.mkldnn.is_available()
        ),
        Finding("threads", f"{torch.get_num_threads()} in this process"),
        Finding("CUDA", torch.cuda.get_device_name() if torch.cuda.is_available() else "no device"),
        Finding("MPS", "present" if torch.backends.mps.is_available() else "no device"),
        Finding(
            "torch.compile",
            compiler or "no C++ compiler",
            compiler is not None,
            "" if compiler else "install g++ to compile networks on the CPU",
        ),
    ]


def _training() -> list[Finding]:
    """What `train` and `finetune` take where nothing is asked for, and why."""
    from resnetlab.training.precision import choose_channels_last, choose_precision

    device = choose_device()
    choice, (last, reason) = choose_precision(device), choose_channels_last(device)
    return [
        Finding("--device auto", f"{device}, the fastest at hand"),
        Finding("--precision auto", f"{choice.precision}: {choice.reason}"),
        Finding("--channels-last auto", f"{'on' if last else 'off'}: {reason}"),
    ]


def _instructions() -> list[str]:
    try:
        words = Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return []
    return [name for flag, name in FLAGS.items() if flag in words]


def _data() -> list[Finding]:
    from resnetlab.data import DATA_SETS, load_data, photographs
    from resnetlab.data.archives import ARCHIVES, place_of

    sets = [load_data(name) for name in DATA_SETS]
    told = [f"{len(one.train_labels)} + {len(one.test_labels)} images of {one.size}×{one.size}" for one in sets]
    found = [Finding(f"data: {one.name}", text, True) for one, text in zip(sets, told, strict=True)]
    for name in ARCHIVES:
        place, there = place_of(name)
        found.append(Finding(f"data: {name}", f"in {place}" if there else f"not here; fetched once, to {place}"))
    return [*found, Finding("data: photographs", f"{len(photographs())} colour photographs", True)]


def _caches() -> list[Finding]:
    from resnetlab.weights.download import checkpoints_folder

    return [_cache("kept runs", cache_folder()), _cache("published weights", checkpoints_folder())]


def _cache(topic: str, folder: Path) -> Finding:
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6 if folder.exists() else 0.0
    return Finding(topic, f"{folder} ({size:.0f} MB)")


def _extras() -> list[Finding]:
    found = []
    for extra, packages in EXTRAS.items():
        missing = [package for package in packages if util.find_spec(package) is None]
        text = f"{', '.join(missing)} missing" if missing else ", ".join(packages)
        found.append(
            Finding(f"extra: {extra}", text, not missing, f"pip install 'resnetlab[{extra}]'" if missing else "")
        )
    return found
