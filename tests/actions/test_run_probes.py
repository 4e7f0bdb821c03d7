"""Probes look at a network while it trains, write what they see, and change not one bit of it."""

from __future__ import annotations

import json
import random
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab import create_model
from resnetlab.actions.runs.probes import Probes
from resnetlab.actions.train import train
from resnetlab.training.precision import Choice

STEPS, EVERY = 4, 2
IMAGES, LABELS = torch.randn(16, 3, 8, 8, generator=torch.Generator().manual_seed(7)), torch.arange(16) % 10


def network() -> nn.Module:
    """Stochastic depth and dropout draw random numbers, batch norm keeps statistics: all could be disturbed."""
    torch.manual_seed(0)
    fields = {"width": 8, "depths": "1/1/1", "drop_path": 0.5, "head_dropout": 0.5}
    return create_model("resnet20", **fields).train()


def trained(probes: Probes | None) -> dict[str, Tensor]:
    """Model and momentum after a few steps, and a number that each generator gives next."""
    model = network()
    optimiser = torch.optim.SGD(model.parameters(), 0.1, 0.9)
    random.seed(1), np.random.seed(1)  # noqa: NPY002, it is this state that a probe must keep
    for step in range(1, STEPS + 1):
        if probes is not None:
            probes.on_batch(model, IMAGES, LABELS, step)
        optimiser.zero_grad()
        F.cross_entropy(model(IMAGES), LABELS).backward()
        optimiser.step()
    momentum = {f"momentum {at}": state["momentum_buffer"] for at, state in enumerate(optimiser.state.values())}
    drawn = {"torch": torch.rand(3), "python": torch.tensor(random.random()), "numpy": torch.tensor(np.random.rand())}  # noqa: NPY002
    return {**model.state_dict(), **momentum, **drawn}


def test_training_goes_to_the_same_bits_with_and_without(tmp_path: Path) -> None:
    with closing(Probes(tmp_path, 1, F.cross_entropy)) as probes:
        with_probes = trained(probes)
    without = trained(None)
    assert with_probes.keys() == without.keys()
    assert [name for name in without if not torch.equal(with_probes[name], without[name])] == []
    assert len((tmp_path / "probes.jsonl").read_text().splitlines()) == STEPS


def test_a_batch_is_left_as_it_was(tmp_path: Path) -> None:
    images = IMAGES.clone()
    with closing(Probes(tmp_path, 1, F.cross_entropy)) as probes:
        probes.on_batch(network(), images, LABELS, 1)
    assert torch.equal(images, IMAGES)
    assert not images.requires_grad


def test_the_first_step_and_every_so_many_after_it_are_looked_at(tmp_path: Path) -> None:
    with closing(Probes(tmp_path, EVERY, F.cross_entropy)) as probes:
        trained(probes)
    assert [json.loads(line)["step"] for line in (tmp_path / "probes.jsonl").read_text().splitlines()] == [1, 3]


def test_what_is_written_is_what_autograd_and_the_layer_itself_give(tmp_path: Path) -> None:
    model = network().eval()  # so that nothing is dropped, and the passes can be compared
    with closing(Probes(tmp_path, 1, F.cross_entropy)) as probes:
        probes.on_batch(model, IMAGES[:1], LABELS[:1], 1)
    row = json.loads((tmp_path / "probes.jsonl").read_text())
    first = next(layer for layer in row["layers"] if layer["name"] == "conv1")
    seen: list[Tensor] = []
    model.conv1.register_forward_hook(lambda module, given, output: seen.append(output))
    F.cross_entropy(model(IMAGES[:1]), LABELS[:1]).backward()
    assert first["parameter_gradient"] == pytest.approx(model.conv1.weight.grad.norm().item(), rel=1e-5)
    assert first["std"] == pytest.approx(seen[0].std(correction=0).item(), rel=1e-5)
    assert (row["images"], row["batch"]) == (1, 1)


@pytest.mark.parametrize(("precision", "scale"), [("bf16", 1.0), ("fp16", 1024.0)])
def test_a_look_is_in_the_numbers_of_the_step_and_without_its_scale(
    precision: str, scale: float, tmp_path: Path
) -> None:
    model, choice = network().eval(), Choice(precision, "cpu", "as asked")
    with closing(Probes(tmp_path, 1, F.cross_entropy, choice=choice)) as probes:
        probes.on_batch(model, IMAGES[:1], LABELS[:1], 1, scale)
    told = json.loads((tmp_path / "probes.jsonl").read_text())["layers"][0]
    seen: list[Tensor] = []
    model.conv1.register_forward_hook(lambda module, given, output: seen.append(output))
    with choice.autocast():
        logits = model(IMAGES[:1])
    (F.cross_entropy(logits.float(), LABELS[:1]) * scale).backward()
    assert seen[0].dtype == choice.dtype
    assert told["std"] == pytest.approx(seen[0].float().std(correction=0).item(), rel=1e-5)
    assert told["parameter_gradient"] == pytest.approx(model.conv1.weight.grad.norm().item() / scale, rel=1e-3)


def test_a_layer_called_twice_is_told_twice(tmp_path: Path) -> None:
    with closing(Probes(tmp_path, 1, F.cross_entropy)) as probes:
        probes.on_batch(network(), IMAGES, LABELS, 1)
    names = [layer["name"] for layer in json.loads((tmp_path / "probes.jsonl").read_text())["layers"]]
    assert len(names) == len(set(names))
    assert any(name.endswith("(call 2)") for name in names)


def test_a_resume_drops_what_was_seen_after_its_step_and_a_line_that_a_kill_cut_short(tmp_path: Path) -> None:
    with closing(Probes(tmp_path, 1, F.cross_entropy)) as probes:
        trained(probes)
    file = tmp_path / "probes.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"step": 5, "ima')
    Probes(tmp_path, 1, F.cross_entropy, step=2).close()
    assert file.read_bytes() == b"".join(whole.splitlines(keepends=True)[:2])


def test_mixed_labels_are_labels_too(tmp_path: Path) -> None:
    shares = torch.full((16, 10), 0.1)
    with closing(Probes(tmp_path, 1, F.cross_entropy)) as probes:
        probes.on_batch(network(), IMAGES, shares, 1)
    assert (tmp_path / "probes.jsonl").stat().st_size


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what torch.compile imports
def test_a_compiled_network_is_read_as_it_is_written_and_stays_compiled(tmp_path: Path) -> None:
    model = network()
    model.compile(backend="eager")
    compiled = model._compiled_call_impl
    with closing(Probes(tmp_path, 1, F.cross_entropy)) as probes:
        probes.on_batch(model, IMAGES, LABELS, 1)
    assert compiled is not None
    assert model._compiled_call_impl is compiled
    assert (tmp_path / "probes.jsonl").stat().st_size


def test_other_ranks_run_along_and_write_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model, calls = network(), []
    model.register_forward_hook(lambda *of: calls.append(1))
    Probes(None, 1, F.cross_entropy).on_batch(model, IMAGES, LABELS, 1)
    assert calls == [1]
    assert list(tmp_path.iterdir()) == []


def test_a_whole_run_ends_at_the_same_bits_with_and_without(tmp_path: Path) -> None:
    fields = "width=8,depths=1/1/1,drop_path=0.5"
    asked = {"model": f"resnet20[{fields}]", "data": "digits", "steps": 6, "ema": 0.9, "quiet": True, "device": "cpu"}
    for name, every in (("with", 2), ("without", None)):
        train(**asked, probe=every, output=tmp_path / name)
    with_probes, without = (load_file(tmp_path / name / "model.safetensors") for name in ("with", "without"))
    assert with_probes.keys() == without.keys()
    assert all(torch.equal(with_probes[name], without[name]) for name in without)
    assert (tmp_path / "with/metrics.jsonl").read_bytes() == (tmp_path / "without/metrics.jsonl").read_bytes()
    assert (tmp_path / "with/probes.jsonl").read_text().count("\n") == 3
    assert "Inside the network" in (tmp_path / "with/report.html").read_text()
    assert not (tmp_path / "without/probes.jsonl").exists()
