"""Networks from a user's own file: `path/to/file.py:factory`."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from types import ModuleType

from torch import nn

from resnetlab.core.errors import ResnetlabError, UnknownNameError


def call_factory(file: Path, name: str) -> nn.Module:
    """The module that a function or class of a Python file gives when it is called without arguments.

    The file runs as any script of yours would; nothing holds it back.

    Args:
        file: a Python file; what lies in its folder can be imported by it.
        name: of the function or class.

    Raises:
        ResnetlabError: there is no such file or name, it fails, or it gives no module.
    """
    module = _run(file)
    factory = getattr(module, name, None)
    if not callable(factory):
        own = [key for key, value in vars(module).items() if _is_own(value, module)]
        raise UnknownNameError(f"factory of {file}", name, own, f"write {file}:FACTORY")
    try:
        made = factory()
    except Exception as error:  # whatever a user's code may raise
        raise ResnetlabError(
            f"{file}:{name} failed when it was called without arguments\n{_where(error, file)}"
        ) from error
    if not isinstance(made, nn.Module):
        raise ResnetlabError(f"{file}:{name} gave a {type(made).__name__}\nit must return a torch.nn.Module")
    return made


def _run(file: Path) -> ModuleType:
    described = importlib.util.spec_from_file_location(f"resnetlab_factory_{file.stem}", file)
    if not file.is_file() or described is None or described.loader is None:
        raise ResnetlabError(f"no Python file at {file}\nwrite FILE.py:FACTORY")
    module = importlib.util.module_from_spec(described)
    sys.modules[described.name] = module  # dataclasses and pickles look their module up
    sys.path.insert(0, str(file.parent.resolve()))
    try:
        described.loader.exec_module(module)
    except Exception as error:  # whatever a user's code may raise
        raise ResnetlabError(f"{file} failed while it was imported\n{_where(error, file)}") from error
    finally:
        sys.path.remove(str(file.parent.resolve()))
    return module


def _is_own(value: object, module: ModuleType) -> bool:
    return (inspect.isfunction(value) or inspect.isclass(value)) and value.__module__ == module.__name__


def _where(error: Exception, file: Path) -> str:
    """The error in a line, with the last line of the user's file that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename).resolve() == file.resolve()]
    if isinstance(error, SyntaxError):
        lines = [error.lineno]
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" + (f" (line {lines[-1]})" if lines else "")
