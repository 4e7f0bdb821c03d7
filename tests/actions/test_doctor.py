"""The doctor tells what is there, and says what is missing with the remedy."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch

from resnetlab.actions.doctor import EXTRAS, Finding, examine
from resnetlab.cli import main
from resnetlab.core.devices import choose_device
from resnetlab.training.precision import choose_channels_last, choose_precision


def found(topic: str) -> Finding:
    return next(finding for finding in examine() if finding.topic == topic)


def test_versions_are_those_in_use() -> None:
    assert found("torch").found == torch.__version__.split("+")[0] or found("torch").found == torch.__version__
    assert found("python").found == sys.version.split()[0]


def test_the_embedded_data_is_at_hand() -> None:
    assert found("data: digits").found == "1400 + 397 images of 8×8"


def test_data_that_would_be_downloaded_is_told_from_data_that_is_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RESNETLAB_DATA", str(tmp_path))
    place = tmp_path / "cifar-10-batches-py"
    assert found("data: cifar10").found == f"not here; fetched once, to {place}"
    place.mkdir()
    assert found("data: cifar10").found == f"in {place}"


def test_a_missing_extra_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "cluster", ("ray", "no_such_package"))
    finding = found("extra: cluster")
    assert (finding.good, finding.needed) == (False, False)
    assert finding.remedy == "pip install 'resnetlab[cluster]'"


def test_a_missing_compiler_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert "install g++" in found("torch.compile").remedy


def test_the_cache_is_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RESNETLAB_CACHE", str(tmp_path))
    (tmp_path / "kept").write_bytes(b"0" * 3_000_000)
    assert found("kept runs").found == f"{tmp_path} (3 MB)"


def test_it_exits_with_1_only_where_resnetlab_cannot_work(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["doctor", "--json"]) == 0
    assert {"processor", "disk", "torch"} <= {finding["topic"] for finding in json.loads(capsys.readouterr().out)}
    monkeypatch.setattr("resnetlab.actions.doctor.FREE_GIGABYTES", 1e9)
    assert main(["doctor"]) == 1
    assert "free some space" in capsys.readouterr().out


def test_where_published_weights_are_kept_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    kept = tmp_path / "hub" / "checkpoints"
    kept.mkdir(parents=True)
    (kept / "net.pth").write_bytes(b"0" * 3_000_000)
    assert found("published weights").found == f"{kept} (3 MB)"


PROCESSORS = {
    "AVX-512 with bfloat16": ({"avx512_bf16": True}, "bf16: "),
    "AMX": ({"amx_bf16": True, "avx512_bf16": True}, "bf16: "),
    "neither": ({"avx2": True}, "fp32: "),
    "a PyTorch that does not tell": ({}, "fp32: "),
}


@pytest.mark.parametrize(("can", "chosen"), PROCESSORS.values(), ids=PROCESSORS)
def test_it_says_what_training_takes_on_a_processor_and_why(
    can: dict[str, bool], chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: can, raising=False)
    assert found("--device auto").found.startswith("cpu")
    precision = found("--precision auto").found
    assert precision.startswith(chosen)
    assert "processor" in precision.removeprefix(chosen)  # the reason
    assert found("--channels-last auto").found.startswith("on: ")


def test_what_it_says_is_what_training_does() -> None:
    device = choose_device()
    choice, (last, _) = choose_precision(device), choose_channels_last(device)
    assert found("--precision auto").found == f"{choice.precision}: {choice.reason}"
    assert found("--channels-last auto").found.startswith("on" if last else "off")
