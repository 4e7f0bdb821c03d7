"""Where processes that torchrun started find each other, and nobody who is gone.

torchrun keeps one store over its restarts. What the killed processes wrote there, their addresses among it, looks like
that of their successors; with PyTorch 2.14 and gloo these then often call into the void. So they agree on a corner of
the store that is new.
"""

from __future__ import annotations

import os
import secrets
import time
from datetime import timedelta

from torch.distributed import DistNetworkError, PrefixStore, Store, TCPStore  # type: ignore[attr-defined]

PAUSE = 0.01  # seconds between two looks


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
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    store = TCPStore(address, port, is_master=False, timeout=patience)
    place = secrets.token_hex(8) if rank == 0 else _be_told(store, rank)
    if rank == 0:
        _tell_all(store, place, ranks, patience)
    return PrefixStore(place, store)


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
        for (
            rank
        ) in missing:  # a greeting may be that of a process that is gone: answered again until the right one came
            if store.check([f"greeting/{rank}"]):
                store.set(f"answer/{store.get(f'greeting/{rank}').decode()}", place)
        if time.monotonic() > end:
            raise DistNetworkError(f"ranks {sorted(missing)} did not come within {patience}")
        time.sleep(PAUSE)
