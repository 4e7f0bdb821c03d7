"""Our own names, where they are nobody else's; what is called as in torchvision stands there."""

from __future__ import annotations

from resnetlab.weights.layouts.layout import Layout

LAYOUTS = (
    Layout("resnetlab", "preactivation resnet", marks=("layer1.0.bn1.weight", "norm.weight", "fc.weight")),
    Layout("resnetlab", "densenet", marks=("stages.block1.layer1.conv1.weight", "fc.weight")),
    Layout("resnetlab", "efficientnet", marks=("stages.stage1.0.conv2.weight", "fc.weight")),
)
