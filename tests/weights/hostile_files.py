"""Files that would run code if they were read carelessly; each tries to create the file that MARKER names."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import nn


class Call:
    """Pickles as the call of a function."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        return self.call


class Whole(nn.Module):
    """A module saved whole, as tutorials do: its class is looked up while it is read."""


def by_name(module: str, name: str, *arguments: str) -> bytes:
    """A pickle of protocol 0 that calls a function by its name, without having it here."""
    told = "".join(f"V{argument}\n" for argument in arguments)
    return f"c{module}\n{name}\n({told}tR.".encode()


def as_zip(data: bytes, more: Mapping[str, bytes] = MappingProxyType({})) -> bytes:
    """The archive that torch.save writes, round any pickle."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/version", b"3\n")
        archive.writestr("archive/byteorder", b"little")
        for name, content in more.items():
            archive.writestr(f"archive/{name}", content)
    return made.getvalue()


def as_legacy(data: bytes) -> bytes:
    """What torch.save wrote before version 1.6, round any pickle."""
    first = [pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    return b"".join([*first, data, pickle.dumps([], 2)])


def as_tar(data: bytes) -> bytes:
    """PyTorch's first format: a tar archive of pickles."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def saved(value: object, **options: Any) -> bytes:
    made = io.BytesIO()
    torch.save(value, made, **options)
    return made.getvalue()


def compressed(data: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", data)
    return made.getvalue()


def with_attribute_state(target: str) -> bytes:
    """An OrderedDict whose state is set by BUILD from a call."""
    return b"ccollections\nOrderedDict\n)R(dV" + b"x\n" + by_name("os", "system", f"touch {target}")[:-1] + b"sb."


def payloads(marker: Path) -> dict[str, bytes]:
    """Every file by what it tries; none of them may leave `marker` behind."""
    touch, opened = f"touch {marker}", f"open({str(marker)!r}, 'w')"
    system = by_name("os", "system", touch)
    nested = pickle.dumps(Call(torch.storage._load_from_bytes, saved(Call(open, str(marker), "w"))), 2)
    half_good = pickle.dumps(
        {"state_dict": OrderedDict(w=torch.zeros(2).tolist()), "more": Call(open, str(marker), "w")}
    )
    return {
        "a pickle that calls os.system": system,
        "posix.system under its own name": by_name("posix", "system", touch),
        "eval": by_name("builtins", "eval", opened),
        "exec": by_name("builtins", "exec", opened),
        "a compiled import": by_name("builtins", "__import__", "antigravity"),
        "subprocess": by_name("subprocess", "getoutput", touch),
        "runpy": by_name("runpy", "run_path", str(marker.with_suffix(".py"))),
        "open for writing": pickle.dumps(Call(open, str(marker), "w")),
        "in the archive of torch.save": as_zip(system),
        "in the legacy format of torch.save": as_legacy(system),
        "in PyTorch's tar format": as_tar(system),
        "torch.save of an object that calls": saved(Call(open, str(marker), "w")),
        "the same in the legacy format": saved(Call(open, str(marker), "w"), _use_new_zipfile_serialization=False),
        "a module saved whole": saved(Whole()),
        "weights beside a call": as_zip(half_good),
        "weights beside a call, legacy": as_legacy(half_good),
        "torch's loader called from inside": as_zip(nested),
        "torch.load called from inside": as_zip(by_name("torch.serialization", "load", str(marker))),
        "torch.hub called from inside": as_zip(by_name("torch.hub", "load_state_dict_from_url", f"file://{marker}")),
        "a call set as state": as_zip(with_attribute_state(str(marker))),
        "a zip inside a zip": as_zip(as_zip(system), {"data/0": as_zip(system)}),
        "a compressed archive": compressed(system),
        "a TorchScript program": as_zip(system, {"constants.pkl": system, "code/__torch__.py": touch.encode()}),
        "a header of safetensors before a pickle": struct.pack("<Q", 2) + b"{}" + system,
        "a reduction by getattr": by_name("builtins", "getattr", "os", "system"),
    }
