"""WHAT a network is: pure data, checked when made, without torch."""

from __future__ import annotations

import fnmatch

from resnetlab.core.errors import UnknownNameError
from resnetlab.specs.densenet import DenseNetSpec
from resnetlab.specs.descendants import DESCENDANTS
from resnetlab.specs.efficientnet import EfficientNetSpec
from resnetlab.specs.model import Expect, ModelSpec, Top1
from resnetlab.specs.network import NetworkSpec
from resnetlab.specs.papers import Deviation, Source
from resnetlab.specs.vgg import VGGSpec
from resnetlab.specs.zoo import RESIDUAL_NETWORKS

ZOO: dict[str, ModelSpec] = {spec.name: spec for spec in (*RESIDUAL_NETWORKS, *DESCENDANTS)}


def find_spec(name: str) -> ModelSpec:
    """The zoo's row of this name.

    Raises:
        UnknownNameError: no row has it; the message gives the nearest that exist.
    """
    if name not in ZOO:
        raise UnknownNameError("model", name, ZOO, "all of them: resnetlab models")
    return ZOO[name]


def list_models(pattern: str = "*") -> list[str]:
    """The names of the zoo that match a shell pattern; a bare word matches anywhere in the name.

    >>> list_models("resnet5?")
    ['resnet50', 'resnet56']
    """
    shell = pattern if any(sign in pattern for sign in "*?[") else f"*{pattern}*"
    return fnmatch.filter(ZOO, shell)


__all__ = [
    "ZOO",
    "DenseNetSpec",
    "Deviation",
    "EfficientNetSpec",
    "Expect",
    "ModelSpec",
    "NetworkSpec",
    "Source",
    "Top1",
    "VGGSpec",
    "find_spec",
    "list_models",
]
