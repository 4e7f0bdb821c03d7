"""What is looked at: every tensor after loading, that a wrong file is refused, and that then nothing has changed."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from resnetlab.exercises.given import draw_numbers, equal
from resnetlab.exercises.observation import Case, Check, Observation

SPACE = {
    "fault": ("none", "none", "none", "none", "missing", "extra", "shape", "program"),  # half of the files are right
    "wrapper": ("", "state_dict", "model"),
    "prefix": ("", "module."),
    "head": ("fc", "linear"),
    "counters": (True, False),
    "shuffled": (False, True),
}


class Program:
    """What a pickle may hold: something to be run when it is read."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (self.mark,)


def network_of(case: Case, seed: int) -> nn.Module:
    inner = nn.Sequential(OrderedDict(conv=nn.Conv2d(4, 4, 1, bias=False), bn=nn.BatchNorm2d(4)))
    parts = OrderedDict(conv1=nn.Conv2d(3, 4, 3, bias=False), bn1=nn.BatchNorm2d(4), submodule=inner)
    network = nn.Sequential(OrderedDict(**parts, flatten=nn.Flatten(), fc=nn.Linear(16, 3)))
    draw_numbers({**case, "seed": case["seed"] + seed}, network)
    return network


def content(case: Case, mark: Path) -> Any:
    """What the file holds."""
    state: dict[str, Any] = {}
    for name, tensor in network_of(case, 1).state_dict().items():
        if case["counters"] or not name.endswith("num_batches_tracked"):
            state[case["prefix"] + name.replace("fc.", f"{case['head']}.")] = tensor
    conv = f"{case['prefix']}submodule.conv.weight"
    if case["fault"] == "missing":
        del state[conv]
    elif case["fault"] == "extra":
        state[f"{case['prefix']}layer9.weight"] = torch.ones(2)
    elif case["fault"] == "shape":
        state[conv] = torch.ones(5, 4, 1, 1)
    if case["shuffled"]:
        names = list(state)
        random.Random(case["seed"]).shuffle(names)
        state = {name: state[name] for name in names}
    held: Any = {case["wrapper"]: state, "epoch": 200, "best_prec1": 91.7} if case["wrapper"] else state
    return {**held, "note": Program(str(mark))} if case["fault"] == "program" else held


def probe(answer: Any, case: Case, observation: Observation) -> None:
    network = network_of(case, 0)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with _folder() as folder:
        file, mark = folder / "checkpoint.pth", folder / "run"
        torch.save(content(case, mark), file)
        observation.output("refused", _refused(answer, network, file, case["fault"]))
        observation.output("a program in the file was run", mark.exists())
    buffers = dict(network.named_buffers())
    for name, tensor in network.state_dict().items():
        record = observation.buffers if name in buffers else observation.output
        if case["fault"] == "none":
            record(name, tensor)
        else:
            record(f"{name} was changed", not equal(tensor, before[name]))


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder of the same name in every case, for an answer may tell it."""
    folder = Path("files")
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _refused(answer: Any, network: nn.Module, file: Path, fault: str) -> bool | str:
    """Whether a file is refused by a ValueError, whatever that says; other errors are told by their names."""
    try:
        answer.load(network, file)
    except (NotImplementedError, MemoryError):
        raise
    except ValueError:
        return True
    except Exception as error:
        if fault == "none":
            raise  # with its place in the answer
        return fault == "program" or f"by a {type(error).__name__}, not a ValueError"  # the former is PyTorch's affair
    return False


def library() -> SimpleNamespace:
    """Name by name. `resnetlab.weights` does this for every library, and takes longer to import than PyTorch."""

    def load(network: nn.Module, file: Path) -> None:
        held = torch.load(file, weights_only=True)
        given = dict(next((held[key] for key in ("state_dict", "model") if key in held), held))
        fitting = []
        for name, own in network.state_dict().items():
            aliases = {
                prefix + alias for prefix in ("", "module.") for alias in (name, name.replace("fc.", "linear."))
            }
            found = [given.pop(alias) for alias in aliases & given.keys()]
            if not found and "num_batches" in name:
                continue
            if [tensor.shape for tensor in found] != [own.shape]:
                raise ValueError(f"{name} is missing, or of another shape")
            fitting.append((own, found[0]))
        if given:
            raise ValueError(f"not expected: {given.keys()}")
        for own, tensor in fitting:
            own.copy_(tensor)

    return SimpleNamespace(load=load)


def told(case: Case) -> str:
    names = f"{case['prefix']}{case['head']}.weight"
    faults = {"none": "", "missing": ", a tensor missing", "extra": ", a tensor too many",
              "shape": ", a tensor of another shape", "program": ", with a program in it"}  # fmt: skip
    under = f' under "{case["wrapper"]}"' if case["wrapper"] else ""
    counters = "" if case["counters"] else ", no counters"
    order = ", in another order" if case["shuffled"] else ""
    return f"a file with {names}{under}{counters}{order}{faults[case['fault']]}"


EACH_FAULT = tuple({"fault": fault} for fault in dict.fromkeys(SPACE["fault"]))
CHECK = Check(SPACE, probe, library, always=EACH_FAULT, trials=40, told=told)
