"""What is frozen stays to the bit, costs no gradient, and trains again when it is told to."""

from __future__ import annotations

import copy
import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

from resnetlab import create_model
from resnetlab.core.errors import ResnetlabError, UnknownNameError
from resnetlab.training.config import Optimiser
from resnetlab.training.freezing import counts, freeze, unfreeze
from resnetlab.training.parameter_groups import parameter_groups
from resnetlab.training.stages import stages
from resnetlab.training.state import averaged

FROZEN = ("stem", "layer1", "layer2")


def small(**fields: object) -> nn.Module:
    torch.manual_seed(0)
    return create_model("resnet18_cifar", 10, width=4, **fields)


def trained(model: nn.Module, steps: int = 3, runs: nn.Module | None = None) -> nn.Module:
    """The network after some steps of SGD with momentum and weight decay, brought to training mode before each."""
    runs = model if runs is None else runs
    optimiser = torch.optim.SGD(parameter_groups(model, Optimiser(weight_decay=5e-4)), 0.1, 0.9)
    draws = torch.Generator().manual_seed(1)
    for _ in range(steps):
        runs.train()
        images, labels = torch.randn(8, 3, 32, 32, generator=draws), torch.randint(10, (8,), generator=draws)
        optimiser.zero_grad()
        F.cross_entropy(runs(images), labels).backward()
        optimiser.step()
    return model


def hashes(model: nn.Module) -> dict[str, str]:
    """Of the bits of every parameter and buffer."""
    return {name: hashlib.sha256(tensor.numpy().tobytes()).hexdigest() for name, tensor in model.state_dict().items()}


def parts_changed(model: nn.Module, before: dict[str, str]) -> set[str]:
    """The parts in which any bit of any tensor is another one."""
    changed = {name for name, value in hashes(model).items() if value != before[name]}
    paths = {module: path for path, module in model.named_modules()}
    return {
        part
        for part, modules in stages(model).items()
        for module in modules
        if any(name.startswith(f"{paths[module]}.") for name in changed)
    }


NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[str, ...]]] = {
    "ours": (small, FROZEN),
    "ours with stochastic depth": (lambda: small(drop_path=0.5), FROZEN),
    "torchvision's": (lambda: torchvision.models.resnet18(weights=None, num_classes=10), FROZEN),
    "a stage in the middle": (small, ("layer2",)),
    "EfficientNet, ours": (lambda: create_model("efficientnet_b0", 10), ("stem", "stage1", "stage2", "stage3")),
    "DenseNet, ours": (lambda: create_model("densenet121", 10, growth=4), ("stem", "block1", "transition1")),
    "VGG, ours": (lambda: create_model("vgg11_bn", 10, hidden=16), ("features.0", "features.4")),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_frozen_tensor_and_buffer_is_the_same_to_the_bit_and_all_others_move(name: str) -> None:
    make, frozen = NETWORKS[name]
    model = make()
    freeze(model, frozen)
    before = hashes(model)
    trained(model)
    assert parts_changed(model, before) == set(stages(model)) - set(frozen)


def test_with_running_statistics_left_to_move_the_hashes_would_tell() -> None:
    model = small()
    for part in FROZEN:
        for module in stages(model)[part]:
            module.requires_grad_(False)  # as the lessons do
    before = hashes(model)
    trained(model)
    assert {"stem", "layer1", "layer2"} <= parts_changed(model, before)


def compiled(model: nn.Module, _folder: Path) -> nn.Module:
    return torch.compile(model, backend="aot_eager")


def data_parallel(model: nn.Module, folder: Path) -> nn.Module:
    torch.distributed.init_process_group("gloo", f"file://{folder}/group", rank=0, world_size=1)
    return nn.parallel.DistributedDataParallel(model)


@pytest.mark.filterwarnings("default")  # of torch's own compiler
@pytest.mark.parametrize("wrap", [compiled, data_parallel])
def test_what_is_put_round_a_network_keeps_what_is_frozen(
    wrap: Callable[[nn.Module, Path], nn.Module], tmp_path: Path
) -> None:
    model = torchvision.models.resnet18(weights=None, num_classes=10)  # ours is checked for shapes, untraceably
    freeze(model, FROZEN)
    before = hashes(model)
    try:
        trained(model, runs=wrap(model, tmp_path))
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
    assert parts_changed(model, before) == {"layer3", "layer4", "head"}


def test_copies_of_a_network_keep_what_is_frozen() -> None:
    model = small()
    freeze(model, FROZEN)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        before, untouched = hashes(twin), hashes(model)
        trained(twin)
        assert parts_changed(twin, before) == {"layer3", "layer4", "head"}
        assert hashes(model) == untouched


def test_a_moving_average_of_a_frozen_network_keeps_its_bits() -> None:
    model = small()
    freeze(model, FROZEN)
    for norm in (part for part in model.modules() if isinstance(part, nn.BatchNorm2d)):
        norm.num_batches_tracked.fill_(28)  # of which 0.9 and 0.1 add up to 27.99 in float32
    average = averaged(model, 0.9)
    before = hashes(average.module)
    for _ in range(3):
        trained(model, steps=1)
        average.update_parameters(model)
    assert parts_changed(average.module, before) == {"layer3", "layer4", "head"}
    counters = {name: buffer.item() for name, buffer in average.module.named_buffers() if "num_batches" in name}
    assert counters["bn1.num_batches_tracked"] == 28
    assert counters["layer4.0.bn1.num_batches_tracked"] == 31


def test_dropout_and_stochastic_depth_of_the_frozen_part_are_off() -> None:
    model, images = small(drop_path=0.5), torch.randn(4, 3, 32, 32)
    freeze(model, FROZEN)
    model.train()
    seen = [model.layer2(model.layer1(model.conv1(images))) for _ in range(2)]
    assert torch.equal(*seen)
    assert not torch.equal(*(model.layer4(model.layer3(seen[0])) for _ in range(2)))


def test_nothing_before_the_first_trained_part_is_kept_for_gradients() -> None:
    model, asked = small(), dict[str, bool]()
    freeze(model, FROZEN)
    for part in ("maxpool", "layer1", "layer2", "layer3", "layer4"):
        model.get_submodule(part).register_forward_hook(
            lambda _module, _inputs, output, part=part: asked.update({part: output.requires_grad})
        )
    model.train()
    model(torch.randn(2, 3, 32, 32))
    assert asked == {"maxpool": False, "layer1": False, "layer2": False, "layer3": True, "layer4": True}


def test_the_lesson_s_network_counts_as_the_lesson_says_and_is_told_what_it_leaves() -> None:
    model = torchvision.models.resnet50(weights=None, num_classes=2)
    assert counts(model) == (23_512_130, 23_512_130)
    (remark,) = freeze(model, ["layer1", "layer2"])
    assert counts(model) == (23_512_130, 22_076_738)
    assert remark.startswith("stem before layer2 stays unfrozen")
    assert freeze(model, FROZEN) == ()


def test_what_is_unfrozen_trains_again() -> None:
    model = small()
    freeze(model, FROZEN)
    model.train()
    unfreeze(model, ("layer2",))
    assert model.layer2.training
    assert not model.layer1.training
    before = hashes(model)
    trained(model)
    assert parts_changed(model, before) == {"layer2", "layer3", "layer4", "head"}


def test_an_unknown_part_is_refused_with_the_nearest_known_one_and_nothing_is_frozen() -> None:
    model = small()
    with pytest.raises(UnknownNameError, match="'layr1'; did you mean layer1") as refusal:
        freeze(model, ["stem", "layr1"])
    assert "parts of this network: stem, layer1, layer2, layer3, layer4, head" in str(refusal.value)
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_network_with_nothing_left_to_train_is_refused() -> None:
    model = small()
    with pytest.raises(ResnetlabError, match="leaves none of"):
        freeze(model, stages(model))
    assert counts(model)[1] > 0
