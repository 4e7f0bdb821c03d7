"""State dicts of torchvision's networks, loaded into ours: all of it, or nothing.

Where our modules carry torchvision's names nothing is renamed; where theirs are not worth keeping, a family has a
table of substitutions, tried in turn on every key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor, nn

from resnetlab.core.errors import WeightsError
from resnetlab.nn import DenseNet, EfficientNet, ResidualNetwork
from resnetlab.specs.parts import RegNetBottleneck

KeyMap = tuple[tuple[str, str], ...]

REGNET: KeyMap = (
    (r"^stem\.0\.", "conv1."),
    (r"^stem\.1\.", "bn1."),
    (r"^trunk_output\.block(\d+)\.block\d+-(\d+)\.", r"layer\1.\2."),
    (r"\.proj\.", ".downsample."),
    (r"\.f\.a\.0\.", ".conv1."),
    (r"\.f\.a\.1\.", ".bn1."),
    (r"\.f\.b\.0\.", ".conv2."),
    (r"\.f\.b\.1\.", ".bn2."),
    (r"\.f\.se\.", ".se."),
    (r"\.f\.c\.0\.", ".conv3."),
    (r"\.f\.c\.1\.", ".bn3."),
)
DENSENET: KeyMap = (
    (r"^features\.conv0\.", "conv1."),
    (r"^features\.norm0\.", "bn1."),
    (r"^features\.denseblock(\d+)\.denselayer(\d+)\.", r"stages.block\1.layer\2."),
    (r"\.norm\.?([12])\.", r".bn\1."),  # the published files write norm.1, the module writes norm1
    (r"\.conv\.?([12])\.", r".conv\1."),
    (r"^features\.transition(\d+)\.norm\.", r"stages.transition\1.bn."),
    (r"^features\.transition(\d+)\.conv\.", r"stages.transition\1.conv."),
    (r"^features\.norm5\.", "norm."),
    (r"^classifier\.", "fc."),
)
EFFICIENTNET: KeyMap = (
    (r"^features\.0\.0\.", "conv1."),
    (r"^features\.0\.1\.", "bn1."),
    (r"^features\.8\.0\.", "head_conv."),
    (r"^features\.8\.1\.", "head_bn."),
    # The first stage does not expand: its blocks have one part less, and start with the depthwise convolution.
    (r"^features\.1\.(\d+)\.block\.2\.", r"features.1.\1.block.3."),
    (r"^features\.1\.(\d+)\.block\.1\.", r"features.1.\1.block.2."),
    (r"^features\.1\.(\d+)\.block\.0\.", r"features.1.\1.block.1."),
    (r"^features\.(\d+)\.(\d+)\.block\.", r"stages.stage\1.\2."),
    (r"(stage\d+\.\d+)\.0\.0\.", r"\1.conv1."),
    (r"(stage\d+\.\d+)\.0\.1\.", r"\1.bn1."),
    (r"(stage\d+\.\d+)\.1\.0\.", r"\1.conv2."),
    (r"(stage\d+\.\d+)\.1\.1\.", r"\1.bn2."),
    (r"(stage\d+\.\d+)\.2\.fc", r"\1.se.fc"),
    (r"(stage\d+\.\d+)\.3\.0\.", r"\1.conv3."),
    (r"(stage\d+\.\d+)\.3\.1\.", r"\1.bn3."),
    (r"^classifier\.1\.", "fc."),
)
IDENTITY: KeyMap = ()


def from_torchvision(model: nn.Module, state_dict: Mapping[str, Tensor]) -> None:
    """Fill a network of ours with the weights of torchvision's network of the same name.

    Args:
        model: changed in place, or not at all.
        state_dict: of torchvision's module, or as its published files hold it.

    Raises:
        WeightsError: a tensor is missing, is not expected or has another shape; all such keys are listed.
    """
    target = model.state_dict()
    theirs = {our_name(model, key): key for key in state_dict}
    counters = {key: tensor for key, tensor in target.items() if key.endswith(".num_batches_tracked")}
    given = counters | {name: state_dict[key] for name, key in theirs.items()}
    wrong = {
        "missing": [name for name in target if name not in given],
        "unexpected": [key for key in state_dict if our_name(model, key) not in target],
        "given twice": [key for key in state_dict if key not in theirs.values()],
        "of another shape": [
            f"{theirs[name]} ({_shape(given[name])}, here {_shape(target[name])})"
            for name in target
            if name in given and _shape(given[name]) != _shape(target[name])
        ],
    }
    if any(wrong.values()):
        name = getattr(getattr(model, "spec", None), "name", type(model).__name__)
        listed = "; ".join(f"{fault}: {', '.join(map(str, keys))}" for fault, keys in wrong.items() if keys)
        raise WeightsError(f"these weights do not fit {name}, and nothing was loaded\n{listed}")
    model.load_state_dict(given)


def our_name(model: nn.Module, key: str) -> str:
    """The name that a tensor of torchvision's network has in ours."""
    for pattern, replacement in _key_map(model):
        key = re.sub(pattern, replacement, key)
    return key


def _key_map(model: nn.Module) -> KeyMap:
    if isinstance(model, DenseNet):
        return DENSENET
    if isinstance(model, EfficientNet):
        return EFFICIENTNET
    if isinstance(model, ResidualNetwork) and isinstance(model.spec.block, RegNetBottleneck):
        return REGNET
    return IDENTITY


def _shape(value: object) -> str:
    """A tensor's shape in words; what is no tensor, or holds no values, is told apart."""
    if not isinstance(value, Tensor):
        return type(value).__name__
    shape = "×".join(map(str, value.shape)) or "a number"
    return f"{shape} without values" if value.is_meta else shape
