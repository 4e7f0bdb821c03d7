"""The laboratory from a claim's file to its page: what is written, and what is said of a claim with a mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from claim_files import write_coin

from resnetlab import run_lab
from resnetlab.cli import main
from resnetlab.core.errors import OutputError, ResnetlabError
from resnetlab.experiments.lab import LabResult
from resnetlab.experiments.ledger import SLUGS, claims_of, registered_parts
from resnetlab.experiments.runner import Workers
from resnetlab.experiments.statistics import level_for
from resnetlab.experiments.tiers import Tier

QUIET = {"jobs": 1, "quiet": True}


def run(file: Path, **options: object) -> LabResult:
    folder = file.parent
    return run_lab([str(file)], **{"output": folder / "out", "cache": folder / "cache", **QUIET, **options})


def test_a_claim_of_ones_own_gets_a_verdict_a_page_and_its_numbers(tmp_path: Path) -> None:
    result = run(write_coin(tmp_path, seeds=20))
    assert result.verdicts == {"coin": "supported"}
    assert json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(result.results)
    )
    assert "A fair coin is worth more than 0.5" in result.page.read_text(encoding="utf-8")
    assert {path.name for path in (tmp_path / "out" / "figures").iterdir()} == {"coin.svg", "coin.png"}


def test_every_part_is_decided_at_the_level_of_the_whole_tier(tmp_path: Path) -> None:
    result = run(write_coin(tmp_path))
    (claim,) = result.results["claims"]
    parts = registered_parts(Tier.QUICK)
    assert claim["parts"][0]["level"] == level_for(parts)
    decided = [part for claim in claims_of(Tier.QUICK) for part in claim.parts if Tier.QUICK in part.tiers]
    assert result.results["parts_registered"] == parts == len(decided) == 72


def test_the_quick_tier_is_the_ledgers_twenty_three() -> None:
    quick = [claim.slug for claim in claims_of(Tier.QUICK)]
    assert len(quick) == 23
    assert quick == [slug for slug in SLUGS if slug in quick]


TROUBLES = {
    "a measure that raises": {"trouble": "raise OSError('no tea')"},
    "a measure that no file can keep": {"trouble": "return {'drawn': torch.rand(1)}"},
    "a part that cannot be computed": {"measure_name": "lost"},
    "a figure that cannot be drawn": {"figure": "lambda results: 1 / 0"},
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_a_mistake_in_a_claim_leaves_it_not_run_with_the_reason(tmp_path: Path, trouble: dict[str, str]) -> None:
    result = run(write_coin(tmp_path, **trouble))
    assert result.verdicts == {"coin": "not run"}
    assert not result.complete
    reason = result.results["claims"][0]["parts"][0]["reason"]
    assert any(word in reason for word in ("no tea", "a Tensor: give numbers", "lost", "division by zero"))
    assert reason.replace("'", "&#39;") in result.page.read_text(encoding="utf-8")


REFUSED = {
    "kinds that are no tuple": ({"kinds": "Kind.EXACT"}, "give a tuple of Kind"),
    "a module that is not there": ({"kinds": "__import__('no_such_module')"}, "needs a module 'no_such_module'"),
}


@pytest.mark.parametrize(("difference", "said"), REFUSED.values(), ids=REFUSED)
def test_a_claim_file_with_a_mistake_is_refused_before_anything_is_written(
    tmp_path: Path, difference: dict[str, str], said: str
) -> None:
    with pytest.raises(ResnetlabError, match=said) as caught:
        run(write_coin(tmp_path, **difference))
    assert len(str(caught.value).splitlines()) <= 3
    assert not (tmp_path / "out").exists()


def test_two_claims_of_one_slug_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    files = [str(write_coin(folder)) for folder in (tmp_path, tmp_path / "other")]
    with pytest.raises(ResnetlabError, match="claims of one slug, 'coin'"):
        run_lab(files, output=tmp_path / "out", **QUIET)


def test_the_command_that_reruns_a_claim_has_its_seed(tmp_path: Path) -> None:
    (claim,) = run(write_coin(tmp_path), seed=7).results["claims"]
    assert claim["rerun"].endswith("coin.py --seed 7")


def test_python_takes_one_claim_and_folders_as_text(tmp_path: Path) -> None:
    options = {"output": str(tmp_path / "out"), "cache": str(tmp_path / "cache"), **QUIET}
    assert list(run_lab(str(write_coin(tmp_path)), **options).verdicts) == ["coin"]


def test_the_command_line_says_no_with_code_1_where_a_claim_was_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = write_coin(tmp_path, trouble="raise OSError('no tea')")
    assert main(["lab", "run", str(file), "--no-cache", "--jobs", "1"]) == 1


def test_json_has_standard_output_to_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_coin(tmp_path)
    flags = ["--json", "--output", str(tmp_path / "out"), "--cache", str(tmp_path / "cache"), "--jobs", "1"]
    assert main(["lab", "run", str(file), *flags]) == 0
    assert json.loads(capsys.readouterr().out)["claims"][0]["slug"] == "coin"


def test_an_output_folder_is_replaced_only_when_asked(tmp_path: Path) -> None:
    file = write_coin(tmp_path)
    first = run(file).page.read_text(encoding="utf-8")
    with pytest.raises(OutputError, match="--exist-ok"):
        run(file)
    assert (tmp_path / "out" / "report.html").read_text(encoding="utf-8") == first
    assert run(file, exist_ok=True).complete


def test_without_a_cache_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESNETLAB_CACHE", str(tmp_path / "home"))
    assert run(write_coin(tmp_path), cache=None, no_cache=True).complete
    assert not (tmp_path / "home").exists()


def test_an_engine_that_is_not_installed_is_refused_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ResnetlabError, match="pip install 'resnetlab"):
        Workers(engine="ray")


@pytest.mark.parametrize(
    "option", [{"data": "digit"}, {"jobs": -1}, {"seed": -2}, {"seed": 2**32}, {"engine": "slurm"}]
)
def test_an_impossible_request_writes_nothing(tmp_path: Path, option: dict[str, object]) -> None:
    with pytest.raises(ResnetlabError):
        run(write_coin(tmp_path), **option)
    assert not (tmp_path / "out").exists()
