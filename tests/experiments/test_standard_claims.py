"""The claims that need natural images and look at networks: arithmetic, what planted results give, figures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from readable import assert_readable
from standard_results import planted, small, words
from torch.nn import functional as F

from resnetlab.analysis import count_macs
from resnetlab.analysis.scoring import Examples
from resnetlab.core.errors import ResnetlabError
from resnetlab.data import load_data
from resnetlab.experiments.base import Arm, Measures, Results, Run
from resnetlab.experiments.benches import at_tier
from resnetlab.experiments.claims import (
    compile_fusion,
    lesion_many_blocks,
    lesion_one_block,
    preactivation,
    shortcut_options,
    shortcut_variants,
    skip_smooths_landscape,
    thousand_layers,
    width_or_depth,
)
from resnetlab.experiments.tiers import Tier
from resnetlab.weights import create_model

# Shortcuts and order


def test_bare_skips_multiply() -> None:
    found = shortcut_variants.measure_attenuation(Run(Arm("bare skips"), seed=0))
    assert found["scaled"] == pytest.approx(0.5**27, rel=1e-12)
    assert found["gated"] == pytest.approx((1 - torch.sigmoid(torch.tensor(-6.0).double()).item()) ** 27, rel=1e-12)


def test_shortcut_variants_are_judged_one_by_one() -> None:
    losses = dict.fromkeys(shortcut_variants.VARIANTS, 2.0) | {"gate, bias −6": 1.0}
    arms: dict[str, Measures] = {
        name: {"log_train_loss": loss, "train_error": 50.0} for name, loss in {"identity": 1.0, **losses}.items()
    }
    bare = shortcut_variants.measure_attenuation(Run(Arm("bare skips"), seed=0))
    results = planted({**arms, "bare skips": bare})
    exact = Results({**results.measures, "bare skips": {0: bare}}, Tier.STANDARD)
    expected = ["mixed", "holds", "holds", "supported", "smaller than δ", "supported", "supported", "supported"]
    assert words(shortcut_variants.CLAIM, exact) == expected
    assert_readable(shortcut_variants.CLAIM.figure(exact))


def option_results(plain: float, c: float) -> Results:
    said = shortcut_options.SAID.items()
    counted: dict[str, Measures] = {f"option {option}": {"params": count, "macs": count} for option, count in said}
    errors = {"ResNet-20, A": 60.0, "ResNet-20, B": 59.0, "ResNet-20, C": c, "plain20": plain}
    measures = {**counted, **{arm: {"test_error": error} for arm, error in errors.items()}}
    return planted(measures)


@pytest.mark.parametrize(
    ("plain", "c", "verdicts"), [(75, 58, ["supported"] * 2), (62, 50, ["supported", "reversed"])]
)
def test_options_differ_little_beside_a_plain_net(plain: float, c: float, verdicts: list[str]) -> None:
    results = option_results(plain, c)
    assert words(shortcut_options.CLAIM, results)[4:] == verdicts
    assert f"plain-20 {plain}" in shortcut_options.finding(results)
    assert_readable(shortcut_options.CLAIM.figure(results))


@pytest.mark.parametrize(("gain", "word"), [(0.5, "supported"), (-0.5, "mixed")])
def test_preactivation_is_judged(gain: float, word: str) -> None:
    def arm(loss: float, last: bool) -> Measures:
        return {"log_early_loss": loss, "epoch_losses": [2.0, 1.0], "test_error": 50.0, "normalises_last": last}

    results = planted({"original-110": arm(0.6 + gain, False), "pre-activation-110": arm(0.6, True)})
    assert words(preactivation.CLAIM, results)[:2] == [word, "holds"]
    assert_readable(preactivation.CLAIM.figure(results))
    assert "ResNet-110" in preactivation.finding(results)


# Landscape


def test_roughness_is_the_second_difference() -> None:
    at = np.arange(5.0)
    assert skip_smooths_landscape.roughness(at[:, None] ** 2 + at**2) == pytest.approx(2)
    assert skip_smooths_landscape.roughness(at[:, None] + at) == pytest.approx(0)


def test_the_loss_of_a_batch_moves_no_statistics() -> None:
    model, data = small().eval(), load_data("digits")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items() if "num_batches" not in name}
    examples = Examples(data.train_images[:32], data.train_labels[:32])
    loss = skip_smooths_landscape.loss_of(model, examples)
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in before.items())
    assert not model.training
    assert loss == pytest.approx(F.cross_entropy(model.train()(examples.images), examples.labels).item(), rel=1e-5)


@pytest.mark.parametrize(("top", "verdicts"), [(4.0, ["supported"] * 3), (1.0, ["mixed", "reversed", "supported"])])
def test_the_landscape_is_judged(top: float, verdicts: list[str]) -> None:
    plane = (np.linspace(-1, 1, 9)[:, None] ** 2 + np.linspace(-1, 1, 9) ** 2 + 1).tolist()
    both = {f"{name}_{of}": 2.0 for name in ("plain", "residual") for of in ("loss", "log_top", "log_roughness")}
    planes = {f"{name}_plane": plane for name in ("plain", "residual")}
    found = {**both, **planes, "plain_log_top": top, "plain_log_roughness": 3.0, "steps": 40}
    results = planted({skip_smooths_landscape.ARM.name: found})
    assert words(skip_smooths_landscape.CLAIM, results) == verdicts
    assert_readable(skip_smooths_landscape.CLAIM.figure(results))
    assert "in 40 steps" in skip_smooths_landscape.finding(results)


# Compiling


def test_without_a_compiler_the_claim_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(ResnetlabError, match="no g"):
        compile_fusion.measure_time(Run(Arm("time"), seed=0))


def test_kernels_are_counted_in_the_program() -> None:
    program = "a = async_compile.cpp_pybinding(['x'])\nimport extern_kernels\nb = extern_kernels.convolution(c)\n"
    assert (len(compile_fusion.GENERATED.findall(program)), len(compile_fusion.LIBRARY.findall(program))) == (1, 1)


@pytest.mark.parametrize(
    ("kernels", "faster", "word"), [(0, 0.3, "supported"), (2, 0.3, "mixed"), (2, 0.0, "smaller than δ")]
)
def test_fusion_is_judged_by_training(kernels: int, faster: float, word: str) -> None:
    modes = ("training", "evaluation", "evaluation, frozen")
    arms: dict[str, Measures] = {mode: {"generated": kernels, "library": 1} for mode in modes}
    results = planted({**arms, "time": {"log_training": faster, "log_evaluation": 0.5}})
    assert words(compile_fusion.CLAIM, results)[0] == word
    assert "1 called in training" in compile_fusion.finding(results)
    assert_readable(compile_fusion.CLAIM.figure(results))


# Lesions on natural images


def lesions(whole: float, plain: float, residual: float, deep: float) -> Results:
    added = {"plain20": [plain] * 7, "resnet20": [residual] * 7, "resnet56": [deep] * 25}
    measures = {
        arm: {"whole": whole, "chance": 90.0, "blocks": ["layer1.0"] * len(row), "added": row, "reestimated": row[:7]}
        for arm, row in added.items()
    }
    return planted(measures)


@pytest.mark.parametrize(
    ("whole", "plain", "verdicts"),
    [(50.0, 30.0, ["supported"] * 4), (50.0, 2.0, ["mixed", "smaller than δ", "supported", "smaller than δ"])],
)
def test_on_natural_images_lesions_are_shares_of_what_is_better_than_chance(
    whole: float, plain: float, verdicts: list[str]
) -> None:
    results = lesions(whole, plain, residual=1.0, deep=0.4)
    assert words(lesion_one_block.CLAIM, results) == verdicts
    assert lesion_one_block.share_lost(results, "plain20")[0] == pytest.approx(plain / (90 - whole), rel=0.1)


def test_networks_near_chance_do_not_count() -> None:
    assert lesion_one_block.share_lost(lesions(76.0, 10.0, 1.0, 1.0), "plain20") == {}


def test_a_jump_is_a_sixth_of_what_is_better_than_chance() -> None:
    smooth = [[50.0 + count for count in range(1, 11)]] * 20
    run = {"whole": 50.0, "chance": 90.0, "removed": smooth}
    results = planted({"resnet56": run})
    assert lesion_many_blocks.room_below_sixth(results, "removed") == pytest.approx(1 / 6 - 1 / 40, abs=0.01)


# The full tier


def test_the_three_of_one_cost_agree_within_two_per_cent() -> None:
    arms = at_tier(width_or_depth.CLAIM, Tier.FULL).arms
    macs = []
    for training in (arm.training for arm in arms if arm.training):
        fields = {"width": training.width, **dict(training.fields)}
        model = create_model(training.model, 10, 3, device="meta", **fields)
        macs.append(count_macs(model, (3, 32, 32)))
    assert len(macs) == 3
    assert max(abs(count / macs[0] - 1) for count in macs) <= width_or_depth.CLOSE


def test_a_thousand_layers_are_judged() -> None:
    deep = {"log_train_loss": -5.0, "test_error": 6.4, "epoch_losses": [2.0, 1.0]}
    results = planted({"resnet110": deep, "resnet1202": {**deep, "test_error": 7.9}}, Tier.FULL)
    assert words(thousand_layers.CLAIM, results) == ["supported"] * 3
    assert_readable(thousand_layers.CLAIM.figure(results))
