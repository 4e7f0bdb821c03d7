"""Tiers: what a claim is in each of them, what it costs, what is refused, and which verdicts survive."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from picture_folders import write_classes
from resnetlab import run_lab
from resnetlab.analysis import count_macs
from resnetlab.core.errors import ResnetlabError
from resnetlab.experiments import costs
from resnetlab.experiments.base import Claim, Kind
from resnetlab.experiments.benches import ROWS, at_tier, make_bench
from resnetlab.experiments.compare import compare_tiers, outcome
from resnetlab.experiments.describe import describe_claim, rerun_command
from resnetlab.experiments.lab_data import LabData, Sample, prepare
from resnetlab.experiments.ledger import SLUGS, claims_of, find_claim, registered_parts
from resnetlab.experiments.tiers import Tier
from resnetlab.specs import find_spec
from resnetlab.weights import create_model

ONLY_NATURAL = {
    *("bn_covariate_shift", "normalizer_free", "preactivation", "shortcut_variants", "skip_smooths_landscape"),
    *("compile_fusion", "stochastic_depth"),
}
ONLY_FULL = {"thousand_layers", "width_or_depth"}
SMALL = Sample(size=16, train=8, test=4)
TIERS_DOCUMENT = (Path(__file__).parents[2] / "docs" / "tiers.md").read_text(encoding="utf-8")


def test_every_tier_has_the_claims_of_the_one_before_it() -> None:
    quick, standard, full = ({claim.slug for claim in claims_of(tier)} for tier in Tier)
    assert len(quick) == 23
    assert standard - quick == ONLY_NATURAL
    assert full - standard == ONLY_FULL
    assert quick < standard < full == set(SLUGS)


@pytest.mark.parametrize("slug", SLUGS)
def test_every_claim_decides_something_in_each_of_its_tiers_on_arms_that_are_there(slug: str) -> None:
    claim = find_claim(slug)
    for tier in claim.tiers:
        assert at_tier(claim, tier).arms
        assert [part for part in claim.parts if tier in part.tiers]


def test_the_pools_networks_are_trained_as_the_tier_does() -> None:
    for tier, row in ROWS.items():
        arms = at_tier(find_claim("degradation"), tier).arms
        found = {(arm.training.width, arm.training.plan, arm.seeds) for arm in arms if arm.training}
        assert found == {(row.width, row.plan, row.seeds)}


def test_arms_of_other_tiers_are_left_out_and_so_is_the_kind_that_only_they_have() -> None:
    claim = find_claim("shortcut_options")
    quick, standard = (at_tier(claim, tier) for tier in (Tier.QUICK, Tier.STANDARD))
    assert ([arm.training for arm in quick.arms], quick.kinds) == ([None] * 3, (Kind.EXACT,))
    assert {str(arm.training) for arm in standard.arms if arm.training} == {
        *("plain20", "resnet20", "resnet20[shortcut=B]", "resnet20[shortcut=C]")
    }


def test_what_is_done_on_natural_images_stands_in_the_protocol_there_and_nowhere_else() -> None:
    quick, standard = (describe_claim("bn_learning_rate", tier)["text"]["protocol"] for tier in ("quick", "standard"))
    assert "On natural images: five epochs" in standard
    assert "natural images" not in quick
    assert "deeper" not in describe_claim("preactivation", "standard")["text"]["protocol"]
    assert "164 epochs" in describe_claim("degradation", "full")["text"]["protocol"]


@pytest.mark.parametrize("slug", SLUGS)
def test_every_claim_with_a_pitfall_is_in_the_document_of_tiers(slug: str) -> None:
    without_pitfall = {"receptive_field", "freeze_early_layers", "lesion_many_blocks"}
    assert (f"| `{slug}` |" in TIERS_DOCUMENT) != (slug in without_pitfall)


# Data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_classes(tmp_path / "classes", count=9)


def test_images_are_cut_small_balanced_and_normalised(folder: Path, tmp_path: Path) -> None:
    data = prepare(f"imagefolder:{folder}", SMALL, tmp_path).load()
    assert data.train_images.shape == (8, 3, 16, 16)
    assert data.train_labels.bincount().tolist() == [4, 4]
    assert data.train_images.mean().item() == pytest.approx(0, abs=1e-5)
    assert data.train_images.std().item() == pytest.approx(1, abs=1e-5)


def test_training_and_test_images_have_one_size_though_those_of_a_part_are_small(tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "data" / "train", count=4, side=20).parent
    write_classes(folder / "test", count=4, side=12)
    data = prepare(f"imagefolder:{folder}", SMALL, tmp_path).load()
    assert data.train_images.shape[2:] == data.test_images.shape[2:] == (12, 12)


def test_the_same_images_have_the_same_key_and_another_image_has_another(folder: Path, tmp_path: Path) -> None:
    first, again = (prepare(f"imagefolder:{folder}", SMALL, tmp_path / name) for name in "ab")
    assert first.key == again.key
    assert torch.equal(first.load().train_images, again.load().train_images)
    for file in folder.glob("flower/*.png"):
        file.write_bytes((folder / "temple" / "0.png").read_bytes())
    assert prepare(f"imagefolder:{folder}", SMALL, tmp_path).key != first.key


def test_embedded_data_is_taken_as_it_is(tmp_path: Path) -> None:
    assert prepare("digits", SMALL, tmp_path) == LabData("digits")
    assert not list(tmp_path.iterdir())


def test_the_quick_tier_takes_no_other_images(tmp_path: Path) -> None:
    with pytest.raises(ResnetlabError, match="other images are for --tier standard"):
        make_bench(Tier.QUICK, "cifar10", tmp_path)


# What a tier costs

COSTS = {
    "standard": {"claims": {"degradation": 3.0}, "networks": {"plain20": 10.0, "plain56": 30.0}},
    "images_per_second": 100.0,
}


@pytest.fixture
def known_costs(monkeypatch: pytest.MonkeyPatch) -> Claim:
    monkeypatch.setattr(costs, "measured_costs", lambda: COSTS)
    return find_claim("degradation")


def test_a_tier_costs_what_its_runs_measure_and_every_network_once(known_costs: Claim) -> None:
    claim = at_tier(known_costs, Tier.STANDARD)
    cost = costs.cost_of([claim, claim], Tier.STANDARD)
    assert cost == costs.Cost(measuring=2 * 3.0, networks=5 * (10.0 + 30.0))


def test_the_full_tier_is_reckoned_from_multiply_adds(known_costs: Claim) -> None:
    claim = at_tier(known_costs, Tier.FULL)
    cost = costs.cost_of([claim], Tier.FULL)
    steps = 164 * 50_000 / 100.0
    assert cost.networks == pytest.approx(5 * steps * (1 + 125_485_696 / 40_551_040))


def test_what_was_never_measured_is_named_and_a_claim_with_it_has_no_cost(known_costs: Claim) -> None:
    claims = [at_tier(claim, Tier.STANDARD) for claim in (known_costs, find_claim("path_lengths"))]
    assert costs.cost_of(claims, Tier.STANDARD) == costs.Cost(3.0, 200.0, ("path_lengths", "resnet56"))
    assert [costs.estimated_cost(claim, Tier.STANDARD) for claim in claims] == [203.0, None]


def test_networks_of_one_cost_are_reckoned_alike_whatever_fields_are_changed() -> None:
    arms = at_tier(find_claim("width_or_depth"), Tier.FULL).arms
    seconds = [costs.network_seconds(arm.training, Tier.FULL) for arm in arms if arm.training]
    assert len(seconds) == 3
    assert None not in seconds
    assert seconds == pytest.approx([seconds[0]] * 3, rel=0.02)


@pytest.mark.parametrize("order", ["pre", "post"])
def test_the_order_of_a_block_changes_no_multiply_add(order: str) -> None:
    model = create_model("preact_resnet164", 10, order=order)
    expected = find_spec("preact_resnet164").expect.macs
    assert {"order"} == costs.COSTS_NOTHING
    assert count_macs(model, (3, 32, 32)) == expected


def test_what_is_trained_by_the_tiers_plan_costs_as_the_pools_networks_do() -> None:
    claim = at_tier(find_claim("stochastic_depth"), Tier.FULL)
    (pooled,) = (arm.training for arm in claim.arms if arm.training)
    each = costs.network_seconds(pooled, Tier.FULL)
    assert each is not None
    assert costs.measuring_seconds(claim, Tier.FULL) == pytest.approx(5 * each)


def test_the_full_tier_says_what_it_takes_and_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(ResnetlabError, match="hours of one core") as caught:
        run_lab(["degradation"], tier="full", output=tmp_path / "out", cache=tmp_path / "cache")
    assert "--yes" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 3
    assert not list(tmp_path.iterdir())


def test_all_that_the_standard_and_the_full_tier_do_has_a_cost() -> None:
    standard, full = (
        costs.cost_of([at_tier(claim, tier) for claim in claims_of(tier)], tier) for tier in (Tier.STANDARD, Tier.FULL)
    )
    assert (standard.unknown, full.unknown) == ((), ())
    assert 60 < standard.total < full.total


# Running and comparing


def test_a_claim_runs_in_the_standard_tier_and_says_how_to_run_it_again(folder: Path, tmp_path: Path) -> None:
    options = {"output": tmp_path / "out", "cache": tmp_path / "cache", "jobs": 1, "quiet": True}
    result = run_lab(["receptive_field"], tier="standard", data=f"imagefolder:{folder}", **options)
    (claim,) = result.results["claims"]
    assert (result.results["tier"], claim["tier"], claim["verdict"]) == ("standard", "standard", "holds")
    assert result.results["parts_registered"] == registered_parts(Tier.STANDARD)
    assert claim["rerun"] == rerun_command("receptive_field", Tier.STANDARD, f"imagefolder:{folder}")
    assert "standard tier" in result.page.read_text(encoding="utf-8")


def test_a_claim_of_another_tier_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResnetlabError, match="thousand_layers is not in the quick tier"):
        run_lab(["thousand_layers"], output=tmp_path / "out", cache=tmp_path / "cache")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (("supported", "supported"), "survives"),
        (("supported", "holds"), "survives"),
        (("smaller than δ", "reversed"), "survives"),
        (("supported", "reversed"), "turns"),
        (("does not hold", "holds"), "turns"),
        (("supported", "inconclusive"), "open"),
        (("mixed", "supported"), "open"),
        (("supported", "not run"), "one tier only"),
        (("supported",), "one tier only"),
    ],
)
def test_a_verdict_survives_where_both_tiers_say_the_same(verdicts: tuple[str, ...], said: str) -> None:
    assert outcome(verdicts) == said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tier": "full"}, "hours of one core"),
        ({"tier": "full", "yes": True, "data": "imagefolder:gone"}, "there is no folder gone"),
        ({"data": "imagefolder:gone"}, "there is no folder gone"),
        ({"tier": "quick"}, "a tier is not compared with itself"),
    ],
)
def test_what_the_larger_tier_would_refuse_is_refused_before_the_quick_one_runs(
    options: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(ResnetlabError, match=said):
        compare_tiers(["receptive_field"], output=tmp_path / "out", cache=tmp_path / "cache", **options)
    assert not list(tmp_path.iterdir())


def test_two_tiers_stand_side_by_side(folder: Path, tmp_path: Path) -> None:
    options = {"output": tmp_path / "out", "cache": tmp_path / "cache", "jobs": 1, "quiet": True}
    found = compare_tiers(["receptive_field"], data=f"imagefolder:{folder}", **options)
    assert [(row["slug"], row["verdicts"], row["outcome"]) for row in found.rows] == [
        ("receptive_field", {"quick": "holds", "standard": "holds"}, "survives")
    ]
    assert json.loads((tmp_path / "out" / "tiers.json").read_text(encoding="utf-8")) == found.rows
    page = found.page.read_text(encoding="utf-8")
    assert all(f'href="{tier}/report.html#receptive_field"' in page for tier in ("quick", "standard"))
    assert (tmp_path / "out" / "standard" / "report.html").exists()
