"""A network shared out over two processes trains as one process would, and is saved and gone on with by any number."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
import sharding_cases
import torch
from on_ranks import on_ranks
from sharding_cases import OPTIMISERS, REST, begin, commands_network, of_the_loop, scores, seen, take_step
from torch.distributed.checkpoint.filesystem import FileSystemWriter
from torch.distributed.checkpoint.state_dict_saver import save

from resnetlab import create_model
from resnetlab.core.errors import CheckpointError, ResnetlabError
from resnetlab.training.distributed import World
from resnetlab.training.sharding import shard
from resnetlab.training.shares import load_shares, save_shares

ALONE = World()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shares")


@pytest.fixture(scope="module")
def alone(folder: Path) -> dict[str, Any]:
    """Two steps of a process that is alone, which saves after the first."""
    found = {}
    for name in OPTIMISERS:
        model, optimiser = begin(ALONE, name)
        losses = [take_step(model, optimiser, 1, ALONE)]
        save_shares(folder / f"{name}-of-one", model, optimiser, REST)
        losses.append(take_step(model, optimiser, 2, ALONE))
        found[name] = {"losses": losses, **seen(model, optimiser)}
        found[f"{name}, scores"] = vars(scores(model, ALONE))
    return found


@pytest.fixture(scope="module")
def ranks(folder: Path, alone: dict[str, Any]) -> list[dict[str, Any]]:
    return on_ranks(Path(sharding_cases.__file__), "on_one_rank", folder)


def assert_close(ours: Any, theirs: Any) -> None:
    for part in ("model", "optimiser"):
        torch.testing.assert_close(ours[part], theirs[part], rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_two_steps_are_those_of_one_process(name: str, ranks: list[dict[str, Any]], alone: dict[str, Any]) -> None:
    losses = torch.tensor([found[name]["losses"] for found in ranks]).mean(0)
    torch.testing.assert_close(losses, torch.tensor(alone[name]["losses"]), rtol=1e-6, atol=0)
    assert_close(ranks[0][name], alone[name])


def test_steps_in_parts_and_shortened_are_those_of_one_process(ranks: list[dict[str, Any]]) -> None:
    alone = of_the_loop(ALONE)
    for found in ranks:
        assert found["of the loop"]["losses"] == pytest.approx(alone["losses"], rel=1e-9)
    assert_close(ranks[0]["of the loop"], alone)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_an_evaluation_computes_with_the_shares_and_counts_what_one_process_counts(
    name: str, ranks: list[dict[str, Any]], alone: dict[str, Any]
) -> None:
    for found in ranks:
        assert found[f"{name}, scores"] == pytest.approx(alone[f"{name}, scores"], rel=1e-6)
    assert alone[f"{name}, scores"]["n"] == 9


def test_the_first_process_alone_gets_the_network_in_one_piece(ranks: list[dict[str, Any]]) -> None:
    torch.manual_seed(3)
    drawn = create_model("resnet20", num_classes=10, width=4, depths="1/1/1").state_dict()
    torch.testing.assert_close(ranks[0]["in one piece"], dict(drawn), rtol=0, atol=0)
    assert ranks[1]["in one piece"] == len(drawn)


def test_the_command_begins_with_the_bits_of_a_process_that_is_alone(ranks: list[dict[str, Any]]) -> None:
    drawn = dict(commands_network(ALONE, shard=False).state_dict())
    torch.testing.assert_close(ranks[0]["beginning"]["model"], drawn, rtol=0, atol=0)


def test_no_process_holds_the_whole_network_before_the_first_step(ranks: list[dict[str, Any]]) -> None:
    every = sum(tensor.nbytes for tensor in commands_network(ALONE, shard=False).state_dict().values())
    for found in ranks:
        assert 0.5 * every < found["beginning"]["most"] < 0.8 * every


def test_each_process_holds_about_half_of_the_parameters(ranks: list[dict[str, Any]]) -> None:
    parameters = sum(parameter.numel() for parameter in begin(ALONE, "sgd")[0].parameters())
    held = [found["sgd"]["held"] for found in ranks]
    assert sum(held) == parameters
    assert max(held) < 0.6 * parameters


@pytest.mark.parametrize("name", OPTIMISERS)
def test_two_go_on_from_two_to_the_bit(name: str, ranks: list[dict[str, Any]]) -> None:
    gone_on = ranks[0][f"{name}, gone on"]
    assert gone_on["rest"] == REST
    for part in ("model", "optimiser"):
        torch.testing.assert_close(gone_on[part], ranks[0][name][part], rtol=0, atol=0)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_two_go_on_from_one(name: str, ranks: list[dict[str, Any]], alone: dict[str, Any]) -> None:
    assert_close(ranks[0][f"{name}, gone on from one"], alone[name])


@pytest.mark.parametrize("name", OPTIMISERS)
def test_one_goes_on_from_two(name: str, ranks: list[dict[str, Any]], alone: dict[str, Any], folder: Path) -> None:
    model, optimiser = begin(ALONE, name, seed=5)
    assert load_shares(folder / f"{name}-of-two", model, optimiser) == REST
    take_step(model, optimiser, 2, ALONE)
    assert_close(seen(model, optimiser), alone[name])


@pytest.mark.parametrize("name", OPTIMISERS)
def test_before_the_first_step_nothing_is_made_up(name: str, ranks: list[dict[str, Any]], folder: Path) -> None:
    model, optimiser = begin(ALONE, name, seed=5)
    load_shares(folder / f"{name}-of-two-0", model, optimiser)
    assert not optimiser.state
    torch.testing.assert_close(model.state_dict(), begin(ALONE, name, seed=0)[0].state_dict(), rtol=0, atol=0)


class Runs:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, ("ran",)


def spoil(saved: Path, how: str, alone: dict[str, Any]) -> None:
    metadata, shares = saved / ".metadata", saved / "__0_0.distcp"
    if how == "no list of contents":
        metadata.unlink()
    elif how == "a list cut short":
        metadata.write_bytes(metadata.read_bytes()[:200])
    elif how == "a list that runs code":
        metadata.write_bytes(pickle.dumps(Runs()))
    elif how == "shares cut short":
        shares.write_bytes(shares.read_bytes()[:1000])
    elif how == "something that runs code":
        shutil.rmtree(saved)
        contents = {f"model.{name}": tensor for name, tensor in alone["sgd"]["model"].items()}
        save(contents | {"numbers": Runs()}, storage_writer=FileSystemWriter(saved), no_dist=True)


@pytest.mark.parametrize(
    "how",
    [
        "no list of contents",
        "a list cut short",
        "a list that runs code",
        "shares cut short",
        "something that runs code",
    ],
)
@pytest.mark.filterwarnings("ignore:torch.distributed is disabled, unavailable or uninitialized")
def test_what_is_damaged_or_runs_code_is_refused_and_changes_nothing(
    how: str, folder: Path, alone: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = shutil.copytree(folder / "sgd-of-one", tmp_path / "spoilt")
    spoil(place, how, alone)
    model, optimiser = begin(ALONE, "sgd", seed=5)
    with pytest.raises(CheckpointError, match="go on from an older one"):
        load_shares(place, model, optimiser)
    assert not (tmp_path / "ran").exists()
    assert not optimiser.state
    torch.testing.assert_close(model.state_dict(), begin(ALONE, "sgd", seed=5)[0].state_dict(), rtol=0, atol=0)


def test_another_network_is_refused_by_its_names(folder: Path, alone: dict[str, Any]) -> None:
    model = create_model("resnet20", num_classes=10, width=4, depths="1/1/2").double()
    with pytest.raises(CheckpointError, match=r"is of another network: model\.layer3\.1\.bn1\.bias, "):
        load_shares(folder / "sgd-of-one", model, OPTIMISERS["sgd"](model.parameters()))


def test_a_parameter_without_dimensions_is_refused_by_name() -> None:
    model = create_model("preact_resnet110", width=8, depths="1/1/1", norm="none", skip_init=True)
    with pytest.raises(ResnetlabError, match=r"^layer1\.0\.merge\.on_branch\.value is one number"):
        shard(model, World(ranks=2))
