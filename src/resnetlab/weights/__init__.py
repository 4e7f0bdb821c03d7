"""Networks by name, and the state dicts that fill them."""

from resnetlab.weights.create import create_model, resnet18, resnet34, resnet50, resnet101, resnet152
from resnetlab.weights.torchvision import from_torchvision

__all__ = ["create_model", "from_torchvision", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]
