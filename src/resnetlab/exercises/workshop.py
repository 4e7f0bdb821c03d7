"""Checks answers in a process of its own, which is started once and kept warm."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from resnetlab.core.errors import ResnetlabError
from resnetlab.exercises.course import task

KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "TMPDIR", "VIRTUAL_ENV")  # of the environment


@dataclass(frozen=True)
class Result:
    """What a check says of one answer.

    Args:
        exercise: its name.
        passed: it computes what the library computes.
        mistake: slug of the mistake; None where it passed or nobody foresaw the mistake.
        where: output, gradient, buffers, mode, file or run; None where it passed.
        message: for the learner; the first line says what, the second shows it.
        seconds: that the check took.
        printed: the beginning of what the code printed.
    """

    exercise: str
    passed: bool
    mistake: str | None
    where: str | None
    message: str
    seconds: float
    printed: str = ""

    def as_json(self) -> dict[str, Any]:
        """The form that scripts rely on."""
        fields = asdict(self)
        del fields["printed"]
        return fields


class EndedError(ResnetlabError):
    """The process that checks came to an end."""


class Workshop:
    """A warm process that checks answers, one after the other; use it in a `with`."""

    is_open = False

    def __enter__(self) -> Workshop:
        if not hasattr(os, "fork"):
            raise ResnetlabError("exercises are checked in forked processes, which this system does not have\nuse WSL")
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close(at_once=kind is not None)

    def _begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="resnetlab-exercises-"))
        to_examiner, examine = os.pipe()
        judged, from_examiner = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "resnetlab.exercises.worker", str(to_examiner), str(from_examiner)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self.folder,
            env=_clean_environment(self.folder),
            pass_fds=(to_examiner, from_examiner),
            start_new_session=True,  # Ctrl-C is the command's to answer
        )
        os.close(to_examiner)
        os.close(from_examiner)
        self._to_examiner, self._from_examiner = os.fdopen(examine, "wb"), os.fdopen(judged, "rb")
        self.is_open = True

    def close(self, at_once: bool = False) -> None:
        """End the process; nothing where it has not begun."""
        if not self.is_open:
            return
        self.is_open = False
        if at_once:
            self.process.kill()
        for channel in (self._to_examiner, self._from_examiner, self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                channel.close()  # type: ignore[union-attr]  # both were asked for as pipes
        self.process.wait()
        _remove(self.folder)

    def check(self, name: str, source: bytes, file: str, seed: int = 0, trials: int | None = None) -> Result:
        """Check one answer.

        Args:
            name: of the exercise.
            source: content of the learner's file.
            file: its name, for messages.
            seed: of the random cases.
            trials: how many; the exercise's own number where None.
        """
        begun = time.monotonic()
        asked = {"exercise": name, "source": b64encode(source).decode(), "file": file, "asks": task(name).asks}
        begin = {"exercise": name, "seed": seed, "trials": trials}
        try:
            reply = self._ask_examiner(begin)
        except EndedError:  # an earlier answer may have ended it; if it cannot begin, that is no answer's fault
            self._begin_again()
            reply = self._ask_examiner(begin)
        try:
            verdict, printed = self._examine(asked, reply)
        except EndedError:  # where signals are not guarded, an answer can end the process that runs it
            self._begin_again()
            message = "the process that checks it came to an end while it ran"
            verdict, printed = {"passed": False, "mistake": "crash", "where": "run", "message": message}, ""
        return Result(name, **verdict, seconds=round(time.monotonic() - begun, 3), printed=printed)

    def _begin_again(self) -> None:
        self.close(at_once=True)
        self._begin()

    def _examine(self, asked: dict[str, Any], reply: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """The verdict on an answer, and what it printed; the examiner replied by the cases to begin with."""
        printed = ""
        while "verdict" not in reply:
            with _empty_folder(self.folder) as folder:
                report = self._ask_worker({**asked, "cases": reply["cases"], "folder": folder})
            printed = printed or report["printed"]
            if not report["begun"]:
                raise ResnetlabError(f"the answer could not be run: {report['ended']}\n{printed[-300:]}")
            reply = self._ask_examiner({"report": report})
        return reply["verdict"], printed

    def _ask_worker(self, what: dict[str, Any]) -> Any:
        return _ask(self.process.stdin, self.process.stdout, what)

    def _ask_examiner(self, what: dict[str, Any]) -> Any:
        reply = _ask(self._to_examiner, self._from_examiner, what)
        if "failed" in reply:
            raise ResnetlabError(f"an exercise cannot be judged: {reply['failed']}\nthis is a fault of resnetlab's")
        return reply


@contextlib.contextmanager
def _empty_folder(parent: Path) -> Iterator[str]:
    """A folder to run in, which is removed whatever an answer left there."""
    folder = tempfile.mkdtemp(dir=parent)
    try:
        yield folder
    finally:
        _remove(Path(folder))


def _remove(folder: Path) -> None:
    """Remove a folder; what Python cannot, as a thousand folders in each other, the system's own command may."""
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):
        subprocess.run(["rm", "-rf", "--", folder], stderr=subprocess.DEVNULL, check=False)


def _ask(to: IO[bytes] | None, answering: IO[bytes] | None, what: dict[str, Any]) -> Any:
    assert to is not None
    assert answering is not None
    try:
        to.write(json.dumps(what).encode() + b"\n")
        to.flush()
        line = answering.readline()
    except BrokenPipeError:
        line = b""
    if not line:
        raise EndedError("the process that checks exercises has ended\nits own messages stand above; try again")
    return json.loads(line)


def _clean_environment(home: Path) -> dict[str, str]:
    """Nothing that a learner's code should not see: no keys, no tokens, no way to the user's files."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    always_alike = {"PYTHONHASHSEED": "0"}  # sets of texts have the same order in every grading
    source = str(Path(__file__).resolve().parents[2])  # where this package stands, installed or not
    return {**kept, **threads, **always_alike, "HOME": str(home), "PYTHONPATH": source, "PYTHONDONTWRITEBYTECODE": "1"}
