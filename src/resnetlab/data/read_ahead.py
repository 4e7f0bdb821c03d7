"""Reads in threads what will be needed next, so that the processor decodes while the network computes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import torch

from resnetlab.core.machine import usable_cores

Item = TypeVar("Item")
Read = TypeVar("Read")


def read_ahead(items: Iterable[Item], read: Callable[[Item], Read], ahead: int) -> Iterator[Read]:
    """What `read` makes of each item, in order, at most `ahead` of them made before they are asked for.

    Threads suffice: Pillow's decoders and PyTorch's resampling let Python go on. In each of them PyTorch computes on
    one thread, or they would fight the network for every core.

    Args:
        items: what to read.
        read: takes one item; must not depend on another.
        ahead: results that may wait, which bounds the memory.
    """
    threads, pending = torch.get_num_threads(), iter(items)
    pool = ThreadPoolExecutor(min(usable_cores(), ahead), initializer=lambda: torch.set_num_threads(1))
    try:
        waiting: deque[Future[Read]] = deque(pool.submit(read, item) for item in islice(pending, ahead))
        while waiting:
            ready = waiting.popleft().result()
            waiting.extend(pool.submit(read, item) for item in islice(pending, 1))
            yield ready
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)  # the number that threads set holds for all that start later
