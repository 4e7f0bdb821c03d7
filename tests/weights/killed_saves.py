"""Kills processes that save, at random moments, and looks at what they left; run in a process of its own.

    python killed_saves.py FOLDER COUNT

Prints JSON: how many kills were counted, and what was found that is neither network whole.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from resnetlab import create_model
from resnetlab.weights import load_checkpoint, save


def main(folder: Path, count: int) -> dict[str, object]:
    torch.set_num_threads(1)
    first, second = (create_model("resnet20", num_classes=classes) for classes in (3, 4))
    save(first, folder, classes=("a", "b", "c"))
    chance, faults, seen = random.Random(0), [], set()
    for number in range(count):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            while True:  # until it is killed
                save(second, folder, classes=("a", "b", "c", "d"))
                os.write(writing, b".")
                save(first, folder, classes=("a", "b", "c"))
                os.write(writing, b".")
        started = time.perf_counter()
        for _ in range(done := chance.randrange(1, 4)):  # so many saves end before the kill
            os.read(reading, 1)
        one_save = (time.perf_counter() - started) / done
        time.sleep(chance.uniform(0, one_save))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reading)
        os.close(writing)
        with contextlib.suppress(Exception):
            found = load_checkpoint(folder)
            expected = {3: first, 4: second}[len(found.card.classes)].state_dict()
            if all(torch.equal(tensor, expected[key]) for key, tensor in found.state_dict().items()):
                seen.add(len(found.card.classes))
                continue
        faults.append(number)
    return {"kills": count, "faults": faults, "networks seen": sorted(seen)}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
