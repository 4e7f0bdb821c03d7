"""One warm workshop for all tests of a process: starting one takes the time of importing PyTorch."""

from __future__ import annotations

import atexit
from functools import cache

from resnetlab.exercises.workshop import Workshop


@cache
def warm_workshop() -> Workshop:
    """A workshop that ends with the process."""
    workshop = Workshop().__enter__()
    atexit.register(workshop.close)
    return workshop


class SharedWorkshop:
    """Stands where code opens a workshop of its own, and gives the warm one."""

    def __enter__(self) -> Workshop:
        return warm_workshop()

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None: ...
