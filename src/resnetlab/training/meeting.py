"""Where processes that torchrun started find each other, and nobody who is gone; and what they know from before.

torchrun keeps one store over its restarts. What the killed processes wrote there, their addresses among it, looks like
that of their successors; with PyTorch 2.14 and gloo these then often call into the void. So they agree on a corner of
the store that is new.
"""

from __future__ import annotations

import os
import secrets
import time
from datetime import timedelta
from hashlib import sha256

from torch.distributed import DistNetworkError, PrefixStore, Store, TCPStore  # type: ignore[attr-defined]  # from C++

PAUSE = 0.01  # seconds between two looks
SHORT = timedelta(seconds=10)  # for a store that is there already


def meet(rank: int, ranks: int, patience: timedelta) -> Store:
    """A part of torchrun's store that no earlier start of these processes wrote to; the same for all of them.

    Each process greets the first one with a word of its own, to which nobody but its living first process answers.

    Args:
        rank: of this process.
        ranks: how many have to come.
        patience: how long to wait for them.

    Raises:
        RuntimeError: they did not come.
    """
    store = _open_store(patience)
    place = secrets.token_hex(8) if rank == 0 else _be_told(store, rank)
    if rank == 0:
        _tell_all(store, place, ranks, patience)
    return PrefixStore(place, store)


def keeps_a_store() -> bool:
    """Whether torchrun keeps a store that outlives the processes it starts."""
    return os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"


def remember(name: str, value: str) -> None:
    """Let this job know something after a restart, too; nothing where there is no store."""
    if keeps_a_store():
        _open_store(SHORT).set(f"remembered/{name}", value)


def recall(name: str) -> str | None:
    """What this job, and no other, remembered under a name before it was started again."""
    if not keeps_a_store():
        return None
    store, key = _open_store(SHORT), f"remembered/{name}"
    return store.get(key).decode() if store.check([key]) else None


def is_first_with(message: str) -> bool:
    """Whether no other process of this start came with the message before; true where nobody can tell."""
    if not keeps_a_store():
        return True
    start = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    try:
        return _open_store(SHORT).add(f"said/{start}/{sha256(message.encode()).hexdigest()}", 1) == 1
    except RuntimeError:  # the store is gone
        return True


def _open_store(patience: timedelta) -> Store:
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    return TCPStore(address, port, is_master=False, timeout=patience)


def _be_told(store: Store, rank: int) -> str:
    greeting = secrets.token_hex(8)
    store.set(f"greeting/{rank}", greeting)
    place = store.get(f"answer/{greeting}").decode()
    store.set(f"{place}/came/{rank}", "")
    return place


def _tell_all(store: Store, place: str, ranks: int, patience: timedelta) -> None:
    end = time.monotonic() + patience.total_seconds()
    missing = set(range(1, ranks))
    while missing := {rank for rank in missing if not store.check([f"{place}/came/{rank}"])}:
        # A greeting may be that of a process that is gone: it is answered again until the right one came.
        for rank in missing:
            if store.check([f"greeting/{rank}"]):
                store.set(f"answer/{store.get(f'greeting/{rank}').decode()}", place)
        if time.monotonic() > end:
            raise DistNetworkError(f"ranks {sorted(missing)} did not come within {patience}")
        time.sleep(PAUSE)
