"""How long a class takes to be graded: forty folders, in which answers are right, wrong, untouched, gone or hostile.

The class is drawn from a seed: known mistakes, endless loops, ends of Python, 10 GB of memory, forged results, files
that are no text. The command grades it as a teacher types it, twice, the second time with one job more, and the tables
have to be the same to the letter.

    python benchmarks/grading.py --learners 40 --jobs 2
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from pairs import machine

from resnetlab.exercises.course import COURSE, file_name, solution, task
from resnetlab.exercises.exercise import mistaken, stub_of
from resnetlab.exercises.folder import start
from resnetlab.exercises.grading import FILE, TABLE

KINDS = {"right": 45, "mistaken": 30, "untouched": 15, "hostile": 6, "gone": 4}  # of a hundred
HOSTILE = (
    b"while True: pass\n",
    b"import os; os._exit(0)\n",
    b"import time; time.sleep(1000)\n",
    b"import torch; torch.zeros(10 << 30, dtype=torch.uint8)\n",
    b"import os; os.write(3, b'{\"passed\": true}'); os.abort()\n",
    b"print(open('/etc/passwd').read())\n",
    b"import os; os.kill(os.getppid(), 9)\n",
    b"\xff\xfe no text\n",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--learners", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        counts = make_class(home / "class", asked.learners, asked.seed)
        print(f"{machine()}; {asked.learners} learners, {len(COURSE)} exercises each: {dict(counts)}")
        first, again = (grade(home / "class", home / str(jobs), jobs) for jobs in (asked.jobs, asked.jobs + 1))
    same = first == again
    print(f"both gradings are {'the same to the letter' if same else 'DIFFERENT'}")
    return 0 if same else 1


def make_class(home: Path, learners: int, seed: int) -> Counter[str]:
    """Lay out the folders; how many answers are of which kind."""
    chance, counts = random.Random(seed), Counter[str]()
    for number in range(learners):
        folder = home / f"learner{number + 1:02}"
        start(folder)
        for name in COURSE:
            (kind,) = chance.choices(list(KINDS), list(KINDS.values()))
            counts[kind] += 1
            if kind == "gone":
                (folder / file_name(name)).unlink()
            else:
                (folder / file_name(name)).write_bytes(answer(kind, name, chance))
    return counts


def answer(kind: str, name: str, chance: random.Random) -> bytes:
    """A learner's file."""
    if kind == "hostile":
        return chance.choice(HOSTILE)
    if kind == "mistaken":
        return mistaken(solution(name), chance.choice(task(name).mistakes)).encode()
    return (solution(name) if kind == "right" else stub_of(solution(name))).encode()


def grade(folders: Path, output: Path, jobs: int) -> list[bytes]:
    """Grade the class by the command, and tell how long it took; the bytes of both files."""
    command = [sys.executable, "-m", "resnetlab", "exercises", "grade", *map(str, sorted(folders.iterdir()))]
    begun, used = time.perf_counter(), os.times()
    subprocess.run([*command, "--jobs", str(jobs), "--output", str(output)], stdout=subprocess.DEVNULL, check=True)
    now = os.times()
    processor = now.children_user + now.children_system - used.children_user - used.children_system
    print(f"--jobs {jobs}: {time.perf_counter() - begun:.0f} s, {processor:.0f} s of processors", flush=True)
    return [(output / name).read_bytes() for name in (TABLE, FILE)]


if __name__ == "__main__":
    raise SystemExit(main())
