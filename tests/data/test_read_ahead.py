"""Reading ahead changes nothing but the time: order, errors and the bound on what waits."""

from __future__ import annotations

import threading
import time

import pytest
import torch

from resnetlab.data.read_ahead import read_ahead


def test_everything_comes_once_and_in_order() -> None:
    def slow_for_some(item: int) -> int:
        time.sleep(0.002 * (item % 3))
        return item * item

    assert list(read_ahead(range(50), slow_for_some, 7)) == [item * item for item in range(50)]


def test_no_more_wait_than_was_said() -> None:
    begun: list[int] = []
    results = read_ahead(iter(range(100)), lambda item: begun.append(item) or item, 4)
    assert begun == []
    for asked in range(1, 10):
        next(results)
        assert len(begun) <= asked + 4
    results.close()


def test_an_error_reaches_the_reader() -> None:
    def fails_at_three(item: int) -> int:
        if item == 3:
            raise ValueError("three")
        return item

    results = read_ahead(range(10), fails_at_three, 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)


def test_threads_and_their_number_are_as_before_when_the_reader_stops() -> None:
    threads, workers = torch.get_num_threads(), threading.active_count()
    results = read_ahead(range(1000), lambda item: torch.get_num_threads(), 4)
    assert next(results) == 1
    results.close()
    assert torch.get_num_threads() == threads
    assert threading.active_count() == workers
