"""What is said where a run came to no end of its own: a fault of the file, a limit, a crash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NO_MEMORY = ("MemoryError", "can't allocate memory", "not enough memory", "Unable to allocate")
Fault = tuple[str | None, str, str]  # slug, where, message


def what_ended(report: Mapping[str, Any], cases: Sequence[str], seconds: int) -> Fault | None:
    """Slug, where and message; None where every case was looked at.

    Args:
        report: of the run.
        cases: in words.
        seconds: of processor time that were allowed.
    """
    fault = report["fault"]
    if fault:
        return fault["slug"], "file", fault["message"]
    ended, at = report["ended"], report["at"]
    if ended == "forged" or (ended is None and len(report["seen"]) != len(cases)):
        return "forged", "run", "what the run reported has no meaning: the answer has written into the report"
    if ended is None:
        return _raised(report)
    place = f" ({cases[at]})" if isinstance(at, int) and 0 <= at < len(cases) and cases[at] else ""
    place = place or ("" if at is not None else ", as the file is loaded")
    if ended in ("time", "clock") and (raised := _raised(report)):
        return raised  # it came on an earlier input, and tells more
    if ended == "time":
        return (
            "endless-loop",
            "run",
            f"it has not ended after {seconds} seconds of work, which all inputs share{place}: a loop without an end, "
            "or something very slow?",
        )
    if ended == "clock":
        return (
            "too-slow",
            "run",
            f"it has not ended after a minute{place}: does it wait or sleep, or has this machine too much other work?",
        )
    if ended == "waits":
        return "waits", "run", f"it does nothing and does not end{place}: does it wait or sleep?"
    if ended == "output":
        return "too-much", "run", f"it gave more numbers than fit in memory{place}"
    if ended.startswith("exit"):
        return "exits", "run", f"it ended Python itself, with status {ended.split()[1]}{place}: return instead"
    return "crash", "run", f"Python crashed, by {ended}{place}"


def _raised(report: Mapping[str, Any]) -> Fault | None:
    """Errors that say what they are, whichever exercise raises them."""
    for seen in report["seen"]:
        error = seen.get("error") if isinstance(seen, dict) else None
        if not isinstance(error, dict):
            continue
        kind, text, line = error.get("type"), str(error.get("text")), error.get("line")
        place = f" (line {line})" if line else ""
        if kind == "NotImplementedError":
            return "not-begun", "file", f"not written yet{place}"
        if kind == "MemoryError" or any(sign in text for sign in NO_MEMORY):
            return "memory", "run", f"it asks for more than the 2 GB of memory that it may have{place}"
        if kind == "EOFError":
            return "reads-input", "run", f"it asks the keyboard, and nobody is there{place}: use the arguments"
        if kind == "StartsProcessesError":
            return "starts-processes", "run", f"it starts another process{place}: an answer may not"
        if kind == "UnregisteredError":
            return "not-registered", "output", text
        if kind == "RecursionError":
            return "endless-recursion", "run", f"it calls itself without an end{place}"
    return None
