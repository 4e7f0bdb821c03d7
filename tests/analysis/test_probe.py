"""Signal and gradients are what autograd and numpy say, sampled ones within their stated error."""

import copy
import dataclasses
import json
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from resnetlab.analysis import Probe, probe_gradients, probe_signal, read_gradients, read_signal
from resnetlab.core.errors import ResnetlabError, UnknownNameError

TARGETS = torch.arange(16) % 5


def loss(logits):
    return F.cross_entropy(logits, TARGETS)


def test_mean_and_deviation_of_a_layer_are_those_of_all_its_elements(images):
    layer = nn.Conv2d(3, 4, 3)
    (row,) = probe_signal(layer, images).layers
    values = layer(images).detach().double().numpy()
    np.testing.assert_allclose((row.mean, row.std), (values.mean(), values.std()), rtol=1e-5)
    assert (row.mean_error, row.std_error) == (0, 0)


def test_every_layer_of_a_network_is_covered_at_each_of_its_calls(images):
    resnet = torchvision.models.resnet18(num_classes=5)
    rows = probe_signal(resnet, images, one_in=8).layers
    leaves = {name for name, module in resnet.named_modules() if not list(module.children())}
    assert {row.name for row in rows} == leaves
    assert [row.call for row in rows if row.name == "layer1.0.relu"] == [1, 2]
    assert [row.name for row in rows][:5] == ["conv1", "bn1", "relu", "maxpool", "layer1.0.conv1"]


def test_a_dead_unit_is_one_that_is_zero_for_every_image():
    images = torch.tensor([[-1.0, 2.0, 0.0], [-3.0, -1.0, 0.0]])
    (row,) = probe_signal(nn.ReLU(), images).layers
    assert row.dead_fraction == pytest.approx(2 / 3)


@pytest.mark.parametrize("column", ["mean", "std"])
def test_the_standard_error_of_a_sample_is_the_spread_over_all_samples(column):
    generator = torch.Generator().manual_seed(1)
    scales = torch.rand(64, 1, generator=generator) + 0.5
    images = torch.randn(64, 30, generator=generator) * scales + scales
    reports = []
    for _ in range(150):
        shuffled = images[torch.randperm(64, generator=generator)]
        reports.append(probe_signal(nn.Identity(), shuffled, one_in=4).layers[0])
    spread = np.std([getattr(row, column) for row in reports])
    stated = math.sqrt(np.mean([getattr(row, f"{column}_error") ** 2 for row in reports]))
    assert stated == pytest.approx(spread, rel=0.2)


def test_the_error_of_a_sampled_gradient_norm_is_the_spread_over_all_samples():
    generator = torch.Generator().manual_seed(2)
    images = torch.rand(64, 1, generator=generator) + 0.5
    norms, errors = [], []
    for _ in range(150):
        shuffled = images[torch.randperm(64, generator=generator)]
        (row,) = probe_gradients(nn.Identity(), shuffled, lambda out: out.square().sum(), one_in=4).layers
        norms.append(row.output_norm)
        errors.append(row.output_error)
    assert np.mean(norms) == pytest.approx((2 * images).norm().item(), rel=0.01)
    assert math.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(norms), rel=0.2)


def test_the_sample_is_declared_with_the_result(model, images):
    report = probe_signal(model, images, one_in=8)
    assert dataclasses.astuple(report.sample) == (2, 16, 8)
    assert all(row.mean_error > 0 for row in report.layers if row.kind != "ReLU")


def test_a_sample_of_one_image_states_no_error(model, images):
    (row, *_) = probe_signal(model, images, one_in=16).layers
    assert (row.mean_error, row.std_error) == (None, None)


def test_gradients_of_weights_are_those_of_a_plain_backward_pass(model, images):
    report = probe_gradients(model, images, loss)
    loss(model(images)).backward()
    for name, parameter in model.named_parameters():
        assert report.parameters[name] == pytest.approx(parameter.grad.norm().item(), rel=1e-4), name
    row = next(row for row in report.layers if row.name == "4")
    assert row.parameter_norm == pytest.approx(math.hypot(model[4].weight.grad.norm(), model[4].bias.grad.norm()))


def test_gradients_of_outputs_are_right_where_the_next_layer_writes_in_place(model, images):
    report = probe_gradients(model, images, loss)
    twin = copy.deepcopy(model)
    kept = {}
    for name, module in twin.named_modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
        if isinstance(module, nn.BatchNorm2d | nn.Conv2d):
            module.register_forward_hook(lambda module, inputs, output, name=name: kept.__setitem__(name, output))
    for block in twin[1]:
        block.forward = lambda x, b=block: b.relu(b.bn2(b.conv2(b.relu(b.bn1(b.conv1(x))))) + x)
    output = loss(twin(images))
    expected = dict(zip(kept, torch.autograd.grad(output, list(kept.values())), strict=True))
    measured = {row.name: row.output_norm for row in report.layers if row.name in expected}
    assert measured == {name: pytest.approx(gradient.norm().item(), rel=1e-4) for name, gradient in expected.items()}


def test_frozen_layers_have_gradients_at_their_outputs(model, images):
    rows = probe_gradients(model.requires_grad_(False), images, loss).layers
    assert all(row.output_norm > 0 and row.parameter_norm is None for row in rows)


def test_a_weight_shared_by_two_layers_counts_for_both(images):
    first, second = nn.Linear(4, 4), nn.Linear(4, 4)
    second.weight = first.weight
    report = probe_gradients(nn.Sequential(first, second), torch.ones(2, 4), lambda out: out.square().sum())
    norms = report.parameters
    assert report.layers[1].parameter_norm == pytest.approx(math.hypot(norms["0.weight"], norms["1.bias"]))


def test_a_layer_that_the_loss_does_not_reach_has_no_gradient():
    class Idle(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.idle = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x):
            self.idle(x)
            return self.used(x)

    rows = probe_gradients(Idle(), torch.ones(1, 2), torch.sum).layers
    assert {row.name: row.output_norm is None for row in rows} == {"idle": True, "used": False}


def test_a_probe_around_a_training_step_reads_both_and_changes_nothing_in_it(model, images):
    twin = copy.deepcopy(model)
    loss(twin(images)).backward()
    with Probe(model, one_in=1) as probe:
        loss(model(images)).backward()
    assert all(torch.equal(a.grad, b.grad) for a, b in zip(model.parameters(), twin.parameters(), strict=True))
    assert len(read_signal(probe).layers) == len(read_gradients(probe).layers)
    assert read_gradients(probe).parameters["4.bias"] == pytest.approx(twin[4].bias.grad.norm().item())


def test_the_last_pass_inside_a_probe_counts(model, images):
    with Probe(model, one_in=1) as probe:
        model(images[:3])
        model(images)
    assert read_signal(probe).sample.batch == 16


def test_containers_are_read_when_they_are_named(model, images):
    rows = probe_signal(model, images, names=["1.0", "1"]).layers
    assert [(row.name, row.kind, row.shape) for row in rows] == [
        ("1.0", "Block", (4, 8, 8)),
        ("1", "Sequential", (4, 8, 8)),
    ]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("probe", [lambda m, x: probe_signal(m, x), lambda m, x: probe_gradients(m, x, loss)])
def test_probing_leaves_nothing_on_the_model(model, images, fingerprint, probe, training):
    model.train(training)
    model[1][0].eval()
    before = fingerprint(model)
    probe(model, images)
    with pytest.raises(RuntimeError):
        probe(model, torch.ones(16, 7, 8, 8))
    assert fingerprint(model) == before


def test_a_backward_pass_after_the_probe_is_closed_is_not_read(model, images):
    with Probe(model) as probe:
        output = loss(model(images))
    output.backward()
    with pytest.raises(ResnetlabError, match="inside `with Probe"):
        read_gradients(probe)


def test_a_probe_in_which_nothing_ran_says_so(model):
    with Probe(model) as probe:
        pass
    with pytest.raises(ResnetlabError, match="no layer of Sequential ran"):
        read_signal(probe)


def test_a_wrong_request_names_the_value(model):
    with pytest.raises(ResnetlabError, match="one_in is 0"):
        Probe(model, one_in=0)
    with pytest.raises(UnknownNameError, match=r"unknown module of Sequential '1\.7'; did you mean 1\."):
        Probe(model, names=["1.7"])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_half_and_double_precision_are_read(model, images, dtype):
    rows = probe_signal(model.to(dtype), images.to(dtype)).layers
    assert all(math.isfinite(row.std) for row in rows)


def test_the_results_are_ready_for_json(model, images):
    for report in (probe_signal(model, images), probe_gradients(model, images, loss)):
        assert json.loads(json.dumps(dataclasses.asdict(report)))["layers"][0]["name"] == "0"
