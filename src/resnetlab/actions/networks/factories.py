"""Networks from a user's own file: `path/to/file.py:factory`."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from torch import nn

from resnetlab.core.errors import ResnetlabError, UnknownNameError

OWN = "resnetlab_factory_"  # begins the names of the modules that users' files become


def call_factory(file: Path, name: str) -> nn.Module:
    """The module that a function or class of a Python file gives when it is called without arguments.

    The file runs as any script of yours would; nothing holds it back.

    Args:
        file: a Python file; what lies in its folder can be imported by it.
        name: of the function or class.

    Raises:
        ResnetlabError: there is no such file or name, it fails, or it gives no module.
    """
    with _neighbours(file.parent.resolve()):
        return _called(file, name)


def _called(file: Path, name: str) -> nn.Module:
    module = _run(file)
    factory = getattr(module, name, None)
    if not callable(factory):
        own = [key for key, value in vars(module).items() if _is_own(value, module)]
        raise UnknownNameError(f"factory of {file}", name, own, f"write {file}:FACTORY")
    try:
        made = factory()
    except (Exception, SystemExit) as error:  # whatever a user's code may raise
        raise ResnetlabError(
            f"{file}:{name} failed when it was called without arguments\n{_where(error, file)}"
        ) from error
    if not isinstance(made, nn.Module):
        raise ResnetlabError(f"{file}:{name} gave a {type(made).__name__}\nit must return a torch.nn.Module")
    return made


def _run(file: Path) -> ModuleType:
    own = hashlib.sha256(os.fsencode(file.absolute())).hexdigest()[:12]  # files of one name may lie in many folders
    described = importlib.util.spec_from_file_location(f"{OWN}{file.stem}_{own}", file)
    if not os.path.isfile(file) or described is None or described.loader is None:
        raise ResnetlabError(f"no Python file at {file}\nwrite FILE.py:FACTORY")
    module = importlib.util.module_from_spec(described)
    sys.modules[described.name] = module  # dataclasses and pickles look their module up
    try:
        described.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever a user's code may raise
        raise ResnetlabError(f"{file} failed while it was imported\n{_where(error, file)}") from error
    return module


@contextmanager
def _neighbours(folder: Path) -> Iterator[None]:
    """Let modules of a folder be imported; afterwards they are forgotten, for another folder may use their names."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        imported = {name.partition(".")[0] for name in set(sys.modules) - before} - before
        theirs = {name for name in imported if not name.startswith(OWN) and _lies_in(folder, sys.modules.get(name))}
        for name in [name for name in sys.modules if name.partition(".")[0] in theirs]:
            del sys.modules[name]


def _lies_in(folder: Path, module: ModuleType | None) -> bool:
    """Whether a module is a file of the folder, or a package that is a folder in it."""
    file = getattr(module, "__file__", None)
    places = [*getattr(module, "__path__", ()), *([file] if file else [])]
    return any(Path(place).parent == folder for place in places)


def _is_own(value: object, module: ModuleType) -> bool:
    return (inspect.isfunction(value) or inspect.isclass(value)) and value.__module__ == module.__name__


def _where(error: BaseException, file: Path) -> str:
    """The error in a line, with the last line of the user's file that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename).resolve() == file.resolve()]
    if isinstance(error, SyntaxError):
        lines = [error.lineno]
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" + (f" (line {lines[-1]})" if lines else "")
