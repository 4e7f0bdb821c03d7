"""The claims that need natural images and train otherwise: arithmetic, what planted results give, figures."""

from __future__ import annotations

import math

import pytest
import torch
from readable import assert_readable
from standard_results import images, planted, small, words
from torch import nn

from resnetlab.experiments.base import Arm, Measures, Results, Run
from resnetlab.experiments.claims import (
    bn_covariate_shift,
    normalizer_free,
    stochastic_depth,
)
from resnetlab.experiments.dropping import ShallowInTraining, without_branches
from resnetlab.experiments.lab_data import DIGITS
from resnetlab.nn.merges import Scale

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


def test_a_network_that_explodes_counts_as_one_that_knows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MODEL": "resnet20", "EPOCHS": 1, "RATES": (1e6,)}.items():
        monkeypatch.setattr(normalizer_free, name, value)
    found = normalizer_free.measure(Run(Arm("nothing", {"norm": "none"}), 0, DIGITS))
    assert found["log_losses"] == [math.log(math.log(10))]


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
