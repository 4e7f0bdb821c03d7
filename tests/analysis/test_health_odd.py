"""Networks that do odd things are judged by what is wrong with them, and left as they were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import planted_faults as faults
import pytest
import torch
from health_cases import Batches, diagnosed, places
from torch import Tensor, nn

import resnetlab
from resnetlab.analysis.health_look import look_at_health
from resnetlab.data import open_data
from resnetlab.nn import build
from resnetlab.specs import find_spec

DIGITS = open_data("digits", "test")
FEW: dict[str, Any] = {"images": 32, "batch_size": 16, "quiet": True}


class LogarithmOfLogits(faults.Residual):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).log()


class RootAtZero(faults.Residual):
    """Gives numbers, and √0 has no slope."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        return self.fc(x.mean((2, 3))) + (x * 0).square().sum().sqrt()


def test_numbers_that_a_function_makes_infinite_are_told(batches: Batches) -> None:
    assert places(diagnosed(LogarithmOfLogits(), batches), "not finite") == [None]


class OnlyInTraining(faults.Residual):
    def forward(self, x: Tensor) -> Tensor:
        logits = super().forward(x)
        return logits / 0 if self.training else logits


def test_numbers_that_are_infinite_in_training_alone_are_told(batches: Batches) -> None:
    assert places(diagnosed(OnlyInTraining(), batches), "not finite") == [None]


def test_a_gradient_that_is_no_number_is_told_where_it_comes_to_first(batches: Batches) -> None:
    found = diagnosed(RootAtZero(), batches)
    assert places(found, "gradient not finite") == ["relu"]
    assert places(found, "not finite") == places(diagnosed(faults.Residual(), batches), "gradient not finite") == []


class LearnedGate(faults.Residual):
    """Scales a branch by the sigmoid of a parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.alpha, self.identity = nn.Parameter(torch.zeros(1)), nn.Identity()
        self.gate = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        x = x + torch.sigmoid(self.alpha) * self.layer1(x)
        return self.fc((x + self.gate(self.identity(self.alpha)) * self.layer1(x)).mean((2, 3)))


def test_a_parameter_that_is_squashed_is_no_activation_and_keeps_no_hook(
    batches: Batches, fingerprint: Callable[[nn.Module], dict[str, Any]]
) -> None:
    model = LearnedGate()
    before = fingerprint(model)
    found = diagnosed(model, batches)
    assert places(found, "squashing activation") == places(found, "saturated activation") == []
    assert fingerprint(model) == before
    assert not any(parameter._backward_hooks for parameter in model.parameters())


class WritesOverImages(faults.Residual):
    def forward(self, x: Tensor) -> Tensor:
        x -= 0.5
        return super().forward(x)


class TakesHalfOff(faults.Residual):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x - 0.5)


def test_images_that_a_network_writes_over_are_the_same_for_every_look(tmp_path: Path) -> None:
    data = open_data("digits", "test")
    found = [
        resnetlab.diagnose(
            make(), data, images=32, batch_size=16, quiet=True, parts=("lesions",), output=tmp_path / at
        )
        for at, make in {"over": WritesOverImages, "beside": TakesHalfOff}.items()
    ]
    numbers = [{section.slug: section.numbers for section in one.sections} for one in found]
    assert numbers[0]["outputs"] == numbers[1]["outputs"]
    assert numbers[0]["lesions"] == numbers[1]["lesions"]


class TwoHeads(faults.Residual):
    def __init__(self) -> None:
        super().__init__()
        self.auxiliary = nn.Linear(self.fc.in_features, 10)

    def forward(self, x: Tensor) -> Tensor:
        features = self.layer1(self.relu(self.bn1(self.conv1(x)))).mean((2, 3))
        logits = self.fc(features)
        self.auxiliary(features)
        return logits


def test_the_head_is_the_one_that_the_loss_comes_back_to(batches: Batches) -> None:
    assert look_at_health(TwoHeads(), batches).head == "fc"


class ChannelsLast(nn.Module):
    """Half of the activation's channels never leave zero; the image has another number of rows."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.widen, self.relu, self.fc = nn.Linear(1, 12), nn.ReLU(), nn.Linear(12, 10)
        self.widen.bias.data[:6], self.widen.bias.data[6:] = -100, 1

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.relu(self.widen(x.permute(0, 2, 3, 1))).mean((1, 2)))


class OneActivationForAll(nn.Module):
    """Half of the first convolution's channels are dead; the same ReLU also serves a linear layer, later."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.relu = nn.Conv2d(1, 8, 3), nn.ReLU()
        self.widen, self.fc = nn.Linear(8, 16), nn.Linear(16, 10)
        self.conv.bias.data[:4], self.conv.bias.data[4:] = -100, 1

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.relu(self.widen(self.relu(self.conv(x)).mean((2, 3)))))


def test_an_activation_that_serves_many_layers_is_read_call_by_call(batches: Batches) -> None:
    look = look_at_health(OneActivationForAll(), batches)
    assert {one.call: one.dead_channels for one in look.layers if one.name == "relu"}[1] == 0.5


def test_an_activations_channels_lie_where_those_of_its_layer_do(batches: Batches) -> None:
    look = look_at_health(ChannelsLast(), batches)
    assert {one.name: one.dead_channels for one in look.layers}["relu"] == 0.5
    rows = nn.Sequential(nn.Flatten(2), nn.Conv1d(1, 12, 3), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten())
    nn.init.constant_(rows[1].bias[:3], -100)
    look = look_at_health(rows.append(nn.Linear(12, 10)), batches)
    assert {one.name: one.dead_channels for one in look.layers}["2"] == 0.25


class SaysOneClass(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(1, 3)
        nn.init.zeros_(self.fc.weight)
        self.fc.bias.data = torch.tensor([5.0, 0.0, 0.0])

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x.mean((1, 2, 3))[:, None])


def test_labels_that_chance_alone_fits_better_when_moved_on_are_not_shifted(batches: Batches) -> None:
    images = torch.cat([one for one, _ in batches])[:64]
    labels = torch.tensor([0] * 8 + [1] * 8 + [2] * 48)
    assert places(diagnosed(SaysOneClass(), [(images, labels)], is_trained=True), "shifted labels") == []


class DropsBlocks(faults.Residual):
    """Leaves a stage out of most training passes, whole batches at a time."""

    passes = 0

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        self.passes += self.training
        if not self.training or self.passes % 7 == 0:
            x = x + self.layer1(x)
        return self.fc(x.mean((2, 3)))


def test_a_block_that_is_dropped_at_random_still_learns(batches: Batches) -> None:
    look = look_at_health(DropsBlocks(), batches)
    dropped = {one.name for one in look.parameters if one.is_left_out_at_times}
    assert dropped
    assert all(name.startswith("layer1.") for name in dropped)
    assert not any(one.has_no_gradient for one in look.parameters if one.name.startswith("layer1."))


def test_channels_that_wait_for_a_branch_of_zeros_are_not_dead(batches: Batches) -> None:
    torch.manual_seed(0)
    spec = find_spec("resnet20").but(in_channels=1, num_classes=10, width=8)
    assert places(diagnosed(build(spec.but(zero_init_last=True)), batches), "dead channels") == []


class NormsWithoutNumbers(faults.Residual):
    def __init__(self) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(self.bn1.num_features, affine=False)
        self.stem = nn.Sequential(self.conv1, self.bn1)
        del self.conv1, self.bn1

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.layer1(self.relu(self.stem(x))).mean((2, 3)))


class StemStays(NormsWithoutNumbers):
    def train(self, mode: bool = True) -> NormsWithoutNumbers:
        super().train(mode)
        self.stem.eval()
        return self


@pytest.mark.parametrize(("make", "moving"), [(NormsWithoutNumbers, ["stem.1"]), (StemStays, [])])
def test_norms_without_parameters_are_frozen_with_what_stands_around_them(
    make: Callable[[], NormsWithoutNumbers], moving: list[str], batches: Batches
) -> None:
    model = make()
    model.stem.requires_grad_(False)
    found = diagnosed(model, batches)
    assert places(found, "frozen but moving") == moving
    assert places(found, "norm evaluates in training") == []


def test_images_of_little_contrast_are_not_out_of_range_and_others_off_centre(batches: Batches) -> None:
    images, labels = batches[0]
    spike = images / images.std()
    spike[:, :, 0, 0] = 30
    assert places(diagnosed(faults.Residual(), [(spike, labels)]), "input out of range") == []
    moved = diagnosed(faults.Residual(), [(images + 3, labels)])
    assert [one.severity for one in moved if one.rule == "input off centre"] == ["info"]
    assert places(diagnosed(faults.Residual(), batches), "input off centre") == []


def test_a_network_without_norms_has_no_section_on_them_though_a_layer_is_frozen(tmp_path: Path) -> None:
    model = faults.plain()
    next(model.parameters()).requires_grad_(False)
    found = resnetlab.diagnose(model, DIGITS, **FEW, parts=(), output=tmp_path)
    slugs = [section.slug for section in found.sections]
    assert "norms" not in slugs
    (gradient,) = (section for section in found.sections if section.slug == "gradient")
    assert "frozen" in {one.rule for one in gradient.findings}


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_a_trained_network_of_ours_in_other_numbers_is_looked_at_beside_its_start(
    dtype: torch.dtype, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    model = build(find_spec("resnet20").but(in_channels=1, num_classes=10, width=4))
    model.train()(torch.randn(8, 1, 8, 8))  # its statistics are somebody's now
    found = resnetlab.diagnose(model.to(dtype), DIGITS, **FEW, parts=(), output=tmp_path)
    (signal,) = (section for section in found.sections if section.slug == "signal")
    assert {"now", "start"} <= signal.numbers.keys()
    assert next(model.parameters()).dtype == dtype
