"""The claims that need natural images: their arithmetic, what planted results give, their figures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from readable import assert_readable
from torch import nn
from torch.nn import functional as F

from resnetlab.analysis import count_macs
from resnetlab.analysis.scoring import Examples
from resnetlab.core.errors import ResnetlabError
from resnetlab.data import load_data
from resnetlab.experiments.base import Arm, Claim, Measures, Results, Run
from resnetlab.experiments.benches import at_tier
from resnetlab.experiments.claims import (
    bn_covariate_shift,
    compile_fusion,
    lesion_many_blocks,
    lesion_one_block,
    normalizer_free,
    preactivation,
    shortcut_options,
    shortcut_variants,
    skip_smooths_landscape,
    stochastic_depth,
    thousand_layers,
    width_or_depth,
)
from resnetlab.experiments.dropping import ShallowInTraining, without_branches
from resnetlab.experiments.judge import judge_claim
from resnetlab.experiments.tiers import Tier
from resnetlab.nn import ResidualNetwork
from resnetlab.nn.merges import Scale
from resnetlab.weights import create_model

SEEDS = range(5)


def planted(arms: Mapping[str, Measures], tier: Tier = Tier.STANDARD) -> Results:
    """Every arm with these measures for five seeds, numbers and lists off by a little that differs by seed and arm."""
    random = np.random.default_rng(0)

    def near(value: object) -> object:
        if isinstance(value, bool | int | str) or (isinstance(value, list) and isinstance(value[0], str)):
            return value
        return (np.asarray(value, dtype=float) * (1 + 1e-3 * random.standard_normal())).tolist()

    return Results(
        {arm: {seed: {k: near(v) for k, v in at.items()} for seed in SEEDS} for arm, at in arms.items()}, tier
    )


def words(claim: Claim, results: Results) -> list[str]:
    """The claim's verdict, then those of the tier's parts."""
    word, parts = judge_claim(claim, results, results.tier, 60)
    tiers = [part.tiers for part in claim.parts]
    return [word, *(part.verdict for part, own in zip(parts, tiers, strict=True) if results.tier in own)]


def small(**fields: Any) -> ResidualNetwork:
    torch.manual_seed(0)
    model = create_model("resnet20", 10, 1, width=4, depths=(2, 2, 2), **fields)
    assert isinstance(model, ResidualNetwork)
    return model


def images(count: int = 4) -> torch.Tensor:
    return load_data("digits").train_images[:count]


# Stochastic depth


def test_without_its_branch_a_block_is_its_skip_and_afterwards_itself_again() -> None:
    model = small().eval()
    block, x = model.blocks[1], torch.rand(2, 4, 8, 8)
    before = block(x)
    with without_branches([block]):
        assert torch.equal(block(x), x)
    assert torch.equal(block(x), before)


def test_a_dropped_branch_is_not_computed() -> None:
    model = small().train()
    calls: list[nn.Module] = []
    model.blocks[1].get_submodule("conv1").register_forward_hook(lambda layer, *_: calls.append(layer))
    with without_branches([model.blocks[1]]):
        model(images()).sum().backward()
    assert not calls
    assert model.blocks[1].get_parameter("conv1.weight").grad is None


def test_blocks_survive_as_often_as_the_paper_says() -> None:
    shallow = ShallowInTraining(small(), last_survival=0.5).train()
    assert shallow.survival == pytest.approx([1 - number / 6 * 0.5 for number in range(1, 7)])
    calls = [0] * 6
    for place, block in enumerate(shallow.model.blocks):
        block.get_submodule("conv1").register_forward_hook(lambda *_, at=place: calls.__setitem__(at, calls[at] + 1))
    torch.manual_seed(0)
    with torch.no_grad():
        for _ in range(100):
            shallow(images(2))
    off = [abs(count / 100 - survival) for count, survival in zip(calls, shallow.survival, strict=True)]
    assert max(off) < 4 * math.sqrt(0.25 / 100)


def test_evaluated_all_branches_are_there_times_their_survival() -> None:
    model = small().eval()
    block = model.blocks[5]
    branch = block.branch(block.before(torch.rand(2, 16, 2, 2)))
    shallow = ShallowInTraining(model).eval()
    assert torch.allclose(block.merge(branch, torch.ones_like(branch)), 0.5 * branch + 1)
    assert torch.equal(shallow(images()), shallow(images()))


@pytest.mark.parametrize(
    ("ratio", "dropped", "verdicts"),
    [(0.7, 50.0, ["supported"] * 3), (0.95, 70.0, ["smaller than δ", "smaller than δ", "reversed"])],
)
def test_stochastic_depth_is_judged(ratio: float, dropped: float, verdicts: list[str]) -> None:
    both = {"train_error": 30.0, "test_error": 60.0}
    results = planted(
        {"all blocks": both, "stochastic depth": {**both, "test_error": dropped}, "steps": {"ratio": ratio}}
    )
    assert words(stochastic_depth.CLAIM, results) == verdicts
    assert_readable(stochastic_depth.CLAIM.figure(results))
    assert f"{ratio:.2f} of the time" in stochastic_depth.finding(results)


def test_a_step_of_either_kind_takes_time() -> None:
    model = small().train()
    assert stochastic_depth.step_seconds(model, images(), torch.zeros(4, dtype=torch.long)) > 0
    assert all(parameter.grad is None for parameter in model.parameters())


# Without normalisation


def test_fixup_starts_as_the_paper_says() -> None:
    plain, fixed = small(norm="none", skip_init=True), small(norm="none", skip_init=True)
    normalizer_free.fix_up(fixed)
    for before, after in zip(plain.blocks, fixed.blocks, strict=True):
        assert torch.allclose(after.get_parameter("conv1.weight"), before.get_parameter("conv1.weight") / math.sqrt(6))
        assert not after.get_parameter("conv2.weight").any()
        assert [
            torch.as_tensor(scale.value).item() for scale in after.merge.modules() if isinstance(scale, Scale)
        ] == [1.0]
    assert not fixed(images()).any()


def test_a_seed_is_judged_at_the_rate_that_is_best_for_the_others() -> None:
    rows = [[0.0, 5.0, 5.0], [4.0, 1.0, 5.0], [4.0, 1.0, 5.0]]  # the first seed's own best rate is not the others'
    results = Results({"arm": {seed: {"log_losses": row} for seed, row in enumerate(rows)}})
    assert normalizer_free.at_others_best_rate(results, "arm", "log_losses").tolist() == [5.0, 4.0, 4.0]


@pytest.mark.parametrize(("better", "verdicts"), [(-2.0, ["supported"] * 4), (0.9, ["smaller than δ"] * 3)])
def test_training_without_norm_is_judged(better: float, verdicts: list[str]) -> None:
    def arm(loss: float, error: float = 5.0) -> Measures:
        return {"log_losses": [loss, 2.0, 2.0], "test_errors": [error] * 3, "diverged_rates": 1}

    arms = {"nothing": arm(1.0), "SkipInit": arm(better), "Fixup": arm(better), "BN": arm(-3.0, 6.0)}
    results = planted({**arms, "BN, last γ zero": arm(-3.0)})
    assert words(normalizer_free.CLAIM, results)[: len(verdicts)] == verdicts
    assert "Diverged of 15 runs over all rates: 5 with nothing" in normalizer_free.finding(results)
    assert_readable(normalizer_free.CLAIM.figure(results))


def test_the_networks_run_on_digits_in_every_tier() -> None:
    assert normalizer_free.CLAIM.data == "digits"


# Covariate shift


def test_noise_is_there_in_training_alone() -> None:
    noisy = bn_covariate_shift.NoiseBehind(nn.BatchNorm2d(3))
    x = torch.randn(64, 3, 8, 8)
    assert torch.equal(noisy.eval()(x), noisy.norm(x))
    y = noisy.train()(x)
    assert y.mean(dim=(0, 2, 3)).abs().max() > 0.01
    assert not torch.equal(noisy(x), y)


def test_the_shift_is_the_change_of_mean_and_deviation() -> None:
    before = [(torch.zeros(2), torch.ones(2)), (torch.ones(1), 2 * torch.ones(1))]
    after = [(torch.full((2,), 0.5), torch.ones(2)), (torch.ones(1), 2 * math.e * torch.ones(1))]
    assert bn_covariate_shift.shift_between(before, after) == pytest.approx((0.5 + 1) / 2)
    assert bn_covariate_shift.shift_between(before, before) == 0


def test_looking_at_inputs_moves_no_statistics_and_sees_all_convolutions_but_the_first() -> None:
    model = small().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    found = bn_covariate_shift.inputs_of_layers(model, images(16))
    assert len(found) == sum(isinstance(layer, nn.Conv2d) for layer in model.modules()) - 1
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize(
    ("noisy_shift", "noisy_loss", "word"),
    [(-3.0, 2.0, "supported"), (-3.0, 0.4, "smaller than δ"), (-5.0, 2.0, "inconclusive")],
)
def test_noise_decides_only_where_it_makes_inputs_shift(noisy_shift: float, noisy_loss: float, word: str) -> None:
    def arm(shift: float, loss: float) -> Measures:
        return {"log_shift": shift, "log_train_loss": loss, "shifts": [math.exp(shift)] * 4}

    shifts = {"without BN": arm(-4.0, 0.6), "with BN": arm(-6.0, 0.4), "BN and noise": arm(noisy_shift, noisy_loss)}
    results = planted(shifts)
    assert words(bn_covariate_shift.CLAIM, results)[0] == word
    assert_readable(bn_covariate_shift.CLAIM.figure(results))


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
