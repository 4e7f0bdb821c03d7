"""Networks by name, and their weights: from any known file, to any library that has them, and said what they are."""

from resnetlab.weights.conversion import from_torchvision, to_hf, to_timm, to_torchvision
from resnetlab.weights.create import create_model, resnet18, resnet34, resnet50, resnet101, resnet152
from resnetlab.weights.hub import load_from_hub, push_to_hub
from resnetlab.weights.identify import Identification, identify
from resnetlab.weights.loading import load_checkpoint, load_weights
from resnetlab.weights.published import list_pretrained
from resnetlab.weights.saving import save

__all__ = [
    "Identification",
    "create_model",
    "from_torchvision",
    "identify",
    "list_pretrained",
    "load_checkpoint",
    "load_from_hub",
    "load_weights",
    "push_to_hub",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "save",
    "to_hf",
    "to_timm",
    "to_torchvision",
]
