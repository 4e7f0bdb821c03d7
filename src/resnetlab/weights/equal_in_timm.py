"""Which of timm's architectures compute what the network computes that `identify` tells from their tensors.

Others have the same tensors and compute otherwise: a blur or an average-pooling stands before their strides, their
padding is TensorFlow's, or their batch norms have another ε. What is listed here was compared with timm in numbers, on
tensors of random networks: logits agree to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resnetlab.core.errors import ResnetlabError
from resnetlab.specs import ModelSpec

EQUAL = frozenset(
    f"{family}{member}"
    for family, members in {
        "resnet": "18 34 26 50 101 152 200 18d 34d 26d 50d 101d 152d 200d 50c 101c 152c 50s 101s 152s",
        "resnext": "50_32x4d 50d_32x4d 101_32x4d 101_32x8d 101_64x4d 101_32x16d",
        "wide_resnet": "50_2 101_2",
        "seresnet": "50 101 152 152d 200d 269d",
        "seresnext": "26d_32x4d 50_32x4d 101_32x4d 101_32x8d 101_64x4d 101d_32x8d",
        "resnetv2_": "18 34 50 101 152",
        "regnetx_": "002 004 004_tv 006 008 016 032 040 064 120 160 320",
        "regnety_": "002 004 006 008 008_tv 016 032 040 064 080 080_tv 120 160 320 640",
        "densenet": "121 169 201",
        "vgg": "11 11_bn 13 13_bn 16 16_bn 19 19_bn",
        "efficientnet_b": "0 1 2 3 4 5 6 7 8",
    }.items()
    for member in members.split()
)
USUAL_POOLING = (None, "", "avg")
WITHOUT_EFFECT = ("num_classes", "in_chans", "img_size", "global_pool")
"""Arguments of timm's builders that the tensors tell too, or that are looked at elsewhere."""


def refuse_unequal(spec: ModelSpec, told: Mapping[str, Any]) -> None:
    """Pass where timm's network of this configuration computes as ours.

    Args:
        spec: as the tensors tell it.
        told: `config.json` as timm writes it to the hub.

    Raises:
        ResnetlabError: it is another network, or not known to be the same.
    """
    name, arguments = str(told["architecture"]).partition(".")[0], told.get("model_args") or {}
    if name not in EQUAL:
        raise ResnetlabError(
            f"these are weights of timm's {name}, which is not known to compute as {spec.name} does\n"
            f"take timm's own network: timm:{name}"
        )
    if unknown := [one for one in arguments if one not in WITHOUT_EFFECT]:
        raise ResnetlabError(f"timm's {name} was built with {unknown[0]}={arguments[unknown[0]]!r}, unknown here")
    pooling = told.get("global_pool") or arguments.get("global_pool")
    if pooling not in USUAL_POOLING:
        raise ResnetlabError(f"timm's {name} was built with global_pool={pooling!r}; here it is an average")
