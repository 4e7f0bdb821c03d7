"""How a learner's file becomes something that can be called; every way in which it cannot has a message."""

from __future__ import annotations

import difflib
import sys
import traceback
import types
from collections.abc import Sequence

from resnetlab.exercises.observation import said_by

ANSWER = "answer"  # the learner's file as a module
FAULTS = frozenset({"not-text", "syntax-error", "not-begun", "raises", "missing-function"})
"""All that a `FaultError` may be of."""


class FaultError(Exception):
    """An answer that cannot be looked at.

    Args:
        slug: the kind of fault.
        message: what is wrong, and what to do.
    """

    def __init__(self, slug: str, message: str) -> None:
        super().__init__(message)
        self.slug, self.message = slug, message


def load_answer(source: bytes, file: str, asks: Sequence[str]) -> types.ModuleType:
    """The answer as a module.

    Args:
        source: content of the learner's file; line ends of any system.
        file: its name, for messages.
        asks: names that it has to define.

    Raises:
        FaultError: it is no Python, raises when it is run, or lacks a name.
    """
    try:
        text = source.decode("utf-8-sig")
        code = compile(text, file, "exec", dont_inherit=True)
    except UnicodeDecodeError as error:
        raise FaultError("not-text", f"{file} is no text in UTF-8: save it as UTF-8") from error
    except SyntaxError as error:
        raise FaultError("syntax-error", f"line {error.lineno} is no Python: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise FaultError("syntax-error", f"{file} cannot be compiled: {error}") from error
    module = types.ModuleType(ANSWER)
    module.__file__ = file
    sys.modules[ANSWER] = module
    try:
        exec(code, module.__dict__)
    except NotImplementedError as error:
        raise FaultError("not-begun", f"line {line_of(error, file)} still raises NotImplementedError") from error
    except Exception as error:
        text = said_by(error)
        raise FaultError(
            "raises", f"{type(error).__name__} at line {line_of(error, file)}, as it loads: {text}"
        ) from error
    for name in asks:
        if not callable(getattr(module, name, None)) and not _is_constant(name, module):
            raise FaultError("missing-function", _missing(name, module, file))
    return module


def line_of(error: BaseException, file: str) -> int | None:
    """The last line of the learner's file that an error went through."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return lines[-1] if lines else None


def _is_constant(name: str, module: types.ModuleType) -> bool:
    return name.isupper() and hasattr(module, name)


def _missing(name: str, module: types.ModuleType, file: str) -> str:
    own = [key for key, value in vars(module).items() if getattr(value, "__module__", None) == ANSWER]
    near = difflib.get_close_matches(name, own, n=1, cutoff=0.5)
    remedy = f"{near[0]} is there: rename it" if near else "get the stub again by reset, or write it"
    return f"{file} defines no {name}; {remedy}"
