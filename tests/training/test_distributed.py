"""Two processes are one: they know each other, agree, and train on the global batch; what is lost is said."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
import world_cases
from on_ranks import ends_of, on_ranks, start_ranks
from torch.nn import functional as F
from world_cases import global_batch, gradients, network

from resnetlab.core.errors import ResnetlabError
from resnetlab.training.distributed import World, anywhere, barrier, from_first, replicate, total
from resnetlab.training.joining import find_place, join

CASES = Path(world_cases.__file__)


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return on_ranks(CASES, "on_one_rank", tmp_path_factory.mktemp("world"))


@pytest.fixture
def torchrun(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment that torchrun gives the second of three processes, started for the second time."""
    for name, value in {
        "RANK": "1",
        "WORLD_SIZE": "3",
        "LOCAL_RANK": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "29500",
        "TORCHELASTIC_RESTART_COUNT": "2",
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_sums_and_flags_are_the_same_on_every_rank(ranks: list[dict[str, Any]]) -> None:
    for rank, found in enumerate(ranks):
        assert found["ranks"] == 2
        assert found["total"].tolist() == [3, 30]
        assert found["mean"].tolist() == [1.5, 15]
        assert found["own"].tolist() == [rank + 1, 10 * (rank + 1)]
        assert found["anywhere"] == [False, True, True]


def test_the_first_rank_alone_makes_what_all_get_and_says_alone_why_it_cannot(ranks: list[dict[str, Any]]) -> None:
    assert [found["from first"] for found in ranks] == ["rank 0", "rank 0"]
    assert [found["failed"] for found in ranks] == ["ZeroDivisionError()", "SystemExit(2)"]


def test_all_leave_at_the_same_place_though_one_alone_asks_and_they_have_unlike_numbers(
    ranks: list[dict[str, Any]],
) -> None:
    assert [found["in step"][0] for found in ranks] == [[0, 1, 2], [0, 1]]
    assert [found["in step"][1] for found in ranks] == [[0], [0, 1]]
    assert [found["in step"][2] for found in ranks] == [[0, -1], [0, -1]]


def test_what_each_makes_the_first_makes_before_the_others(ranks: list[dict[str, Any]]) -> None:
    assert [found["after first"] for found in ranks] == ["0", "01"]
    assert [found["in turn"] for found in ranks] == ["0", "01"]
    assert [found["gathered"] for found in ranks] == [["", "x"]] * 2


@pytest.mark.parametrize("kind", ["gradients", "gradients of parts", "gradients, channels last"])
def test_gradients_are_those_of_the_mean_over_the_global_batch(kind: str, ranks: list[dict[str, Any]]) -> None:
    model, (images, labels) = network(), global_batch()
    F.cross_entropy(model(images), labels).backward()
    for found in ranks:
        for ours, theirs in zip(found[kind], gradients(model), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-15)


def test_running_statistics_become_those_of_the_first_rank(ranks: list[dict[str, Any]]) -> None:
    first, second = (found["buffers"] for found in ranks)
    assert not torch.equal(first["before"], second["before"])
    for found in (first, second):
        assert torch.equal(found["after"], first["before"])
        assert found["count"] == 2


def test_a_process_that_is_alone_connects_nothing() -> None:
    with join("cpu") as world:
        assert world == World(rank=0, ranks=1, local_rank=0, device="cpu", restarts=0)
        assert world.is_first
        assert not dist.is_initialized()
        model = network()
        assert replicate(model, world) is model
        assert total(own := torch.ones(2)) is own
        assert (anywhere(True), anywhere(False), from_first(lambda: 5)) == (True, False, 5)
        barrier()


def test_a_place_is_what_torchrun_says(torchrun: pytest.MonkeyPatch) -> None:
    world = find_place("cpu")
    assert world == World(rank=1, ranks=3, local_rank=1, device="cpu", restarts=2, local_ranks=3)
    assert not world.is_first


def test_each_process_of_a_machine_takes_its_own_gpu(torchrun: pytest.MonkeyPatch) -> None:
    torchrun.setattr(torch.cuda, "device_count", lambda: 2)
    assert find_place("cuda").device == "cuda:1"


@pytest.mark.parametrize(
    ("unset", "device", "message"),
    [
        ("MASTER_PORT", "cpu", "MASTER_PORT missing beside the environment's RANK or WORLD_SIZE\nstart by torchrun"),
        ("RANK", "cpu", "RANK missing beside"),
        ("", "mps", "--device mps serves one process, not 3\n"),
        ("", "cuda", "--nproc-per-node 2 or more, and 0 GPUs on this machine\n"),
    ],
)
def test_what_cannot_be_a_place_is_refused(
    unset: str, device: str, message: str, torchrun: pytest.MonkeyPatch
) -> None:
    torchrun.setattr(torch.cuda, "device_count", lambda: 0)
    torchrun.delenv(unset, raising=False)
    with pytest.raises(ResnetlabError, match="^" + re.escape(message)):
        find_place(device)


def test_a_killed_rank_takes_the_other_down_with_a_message(tmp_path: Path) -> None:
    (code, said), (killed, _) = ends_of(start_ranks(CASES, "killed", tmp_path))
    assert killed == -signal.SIGKILL
    assert code == 1
    assert "ResnetlabError: rank 0 of 2 lost another process" in said
    assert "go on with --resume" in said
