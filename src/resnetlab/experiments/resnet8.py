"""ResNet-8, for claims that train many networks in a few seconds."""

from __future__ import annotations

from typing import Any

from torch import nn

from resnetlab.data import ImageData
from resnetlab.nn.init import draw_by_name
from resnetlab.weights import create_model


def resnet8(data: ImageData, **fields: Any) -> nn.Module:
    """A residual network of eight layers and width 8: one block in each stage, at half the images' resolution.

    It has skips, because the same network without skips and without batch norm learns nothing in a few dozen steps.

    Args:
        data: whose images it takes and whose classes it gives.
        **fields: of the spec, as in `create_model`: `norm="none"`.
    """
    model = create_model("resnet20", len(data.classes), data.channels, width=8, depths=(1, 1, 1), stride=2, **fields)
    draw_by_name(model)
    return model.train()
