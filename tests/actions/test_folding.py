"""Folded networks give what they gave, or are left as they are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from resnetlab.actions.networks.folding import fold_batch_norms

PROBE = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def lived_in(model: nn.Module) -> nn.Module:
    """In evaluation mode, with statistics and scales as no fresh network has them."""
    generator = torch.Generator().manual_seed(1)
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            for tensor in (part.get_buffer("running_mean"), part.bias.data):
                tensor.normal_(0, 0.2, generator=generator)
            for tensor in (part.get_buffer("running_var"), part.weight.data):
                tensor.uniform_(0.5, 1.5, generator=generator)
    return model.eval()


def norms(model: nn.Module) -> int:
    return sum(isinstance(part, nn.BatchNorm2d) for part in model.modules())


FOLDED = {
    "torchvision's": (torchvision.models.resnet18, 0),
    "torchvision's, densely connected": (torchvision.models.densenet121, 62),
    "timm's": (lambda: timm.create_model("resnet18"), 0),
}


@pytest.mark.parametrize("name", FOLDED)
def test_a_folded_network_gives_what_it_gave(name: str) -> None:
    make, left = FOLDED[name]
    model = lived_in(make())
    weights = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    images = torch.rand(5, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        folded = fold_batch_norms(model, PROBE)
        ours, theirs = folded(images), model(images)
    assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max()
    assert norms(folded) == left < norms(model)
    assert all(torch.equal(tensor, weights[key]) for key, tensor in model.state_dict().items())


OURS = """
import torch
from resnetlab import create_model
from resnetlab.actions.networks.folding import fold_batch_norms
probe = torch.rand(2, 3, 64, 64)
with torch.inference_mode():
    for name in ("resnet20", "resnet50", "vgg16_bn"):
        model = create_model(name).eval()
        folded = fold_batch_norms(model, probe)
        assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in folded.modules()), name
        torch.testing.assert_close(folded(probe), model(probe), rtol=1e-4, atol=1e-4)
"""


def test_our_networks_fold_where_no_test_checks_their_shapes() -> None:
    subprocess.run([sys.executable, "-c", OURS], check=True)  # the checks of this process's shapes stop a trace


class Asks(nn.Sequential):
    """Looks at its values before it goes on, which no trace can follow."""

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images if images.mean() > 0 else -images)


def hooked() -> nn.Module:
    model = torchvision.models.resnet18()
    model.layer1.register_forward_hook(lambda module, images, found: 2 * found)
    return model


def called_twice() -> nn.Module:
    convolution, norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
    return nn.Sequential(convolution, norm, nn.ReLU(), convolution, nn.Flatten())


@pytest.mark.parametrize("make", [lambda: Asks(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2)), hooked], ids=["asks", "hooked"])
def test_a_network_that_cannot_be_folded_is_run_as_it_is(make: Callable[[], nn.Module]) -> None:
    model = lived_in(make())
    assert fold_batch_norms(model, PROBE) is model


def test_a_convolution_that_is_called_twice_keeps_its_weights() -> None:
    model = lived_in(called_twice())
    folded = fold_batch_norms(model, PROBE)
    assert norms(folded) == 1
    torch.testing.assert_close(folded(PROBE), model(PROBE))
