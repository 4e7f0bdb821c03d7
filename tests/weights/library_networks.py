"""The networks of other libraries that ours are compared with, every batch norm lively."""

from __future__ import annotations

from collections.abc import Callable

import timm
import torch
import torchvision
import transformers
from torch import Tensor, nn

from resnetlab.specs import find_spec
from resnetlab.weights.huggingface import hf_config
from twins import enliven

TIMM_NAMES = {"regnet_x_400mf": "regnetx_004_tv", "regnet_y_400mf": "regnety_004"}  # under our names


def of_torchvision(name: str) -> nn.Module:
    return torchvision.models.get_model(name)


def of_timm(name: str) -> nn.Module:
    return timm.create_model(TIMM_NAMES.get(name, name))


def of_transformers(name: str) -> nn.Module:
    config = hf_config(find_spec(name))
    kind = {"resnet": "ResNet", "regnet": "RegNet"}[config.pop("model_type")]
    configuration = getattr(transformers, f"{kind}Config")(**config)
    return getattr(transformers, f"{kind}ForImageClassification")(configuration)


LIBRARIES: dict[str, Callable[[str], nn.Module]] = {
    "torchvision": of_torchvision,
    "timm": of_timm,
    "transformers": of_transformers,
}


def lively(library: str, name: str) -> nn.Module:
    """That library's network of this name of ours, in evaluation mode."""
    torch.manual_seed(0)
    model = LIBRARIES[library](name)
    for layer in model.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d) and layer.weight.std() < 1e-3:
            nn.init.normal_(layer.weight, std=0.05)  # timm starts some at nearly zero
    return enliven(model, torch.randn(4, 3, 64, 64)).eval()


@torch.no_grad()
def logits_of(model: nn.Module, images: Tensor) -> Tensor:
    """Logits, also of a network that gives them with a name."""
    given = model(images)
    return given if isinstance(given, Tensor) else given.logits
