"""Networks of torchvision and timm as they are there, with their own weights."""

from __future__ import annotations

from typing import Any

from torch import nn

from resnetlab.core.errors import ResnetlabError, UnknownNameError
from resnetlab.data.class_names import imagenet_classes
from resnetlab.specs.card import ModelCard
from resnetlab.weights.download import fetch
from resnetlab.weights.hub import download_weights, need
from resnetlab.weights.image_processors import preprocessing_of_timm
from resnetlab.weights.loading import load_weights
from resnetlab.weights.published import HASH_IN_NAME, torchvision_card
from resnetlab.weights.reading import read_checkpoint

# What torchvision itself asks for when it fills these: their weights were trained on images normalised otherwise.
TRANSFORMING = {name: {"transform_input": True, "init_weights": False} for name in ("googlenet", "inception_v3")}


def torchvision_model(name: str, tag: str | bool | None = True) -> tuple[nn.Module, ModelCard]:
    """Torchvision's network, in evaluation mode, and what is known of it.

    Args:
        name: of a network for classification.
        tag: of its weights; True or "DEFAULT": those that torchvision recommends; False or None: as drawn.

    Raises:
        UnknownNameError: no such network or weights.
        DownloadError, OutputError: as of `download.fetch`.
        CheckpointError, WeightsError: as of `load_weights`.
    """
    from torchvision import models

    known = models.list_models(module=models)
    if name not in known:
        raise UnknownNameError("network of torchvision", name, known)
    if not tag:
        return models.get_model(name, weights=None).eval(), ModelCard()
    enum = models.get_model_weights(name)
    tags = [weights.name for weights in enum]
    chosen = "DEFAULT" if tag is True else tag
    if chosen not in ("DEFAULT", *tags):
        raise UnknownNameError(f"weights of torchvision's {name}", chosen, tags, f"all of them: {', '.join(tags)}")
    weights = enum[chosen]
    found = HASH_IN_NAME.search(weights.url)
    if found is None or not weights.meta["categories"]:
        raise ResnetlabError(
            f"{weights} cannot be used: it carries no hash, or no head\ntake another: {', '.join(tags)}"
        )
    model = models.get_model(name, weights=None, **TRANSFORMING.get(name, {}))
    load_weights(model, fetch(weights.url, found[1]))
    return model.eval(), torchvision_card(weights)


def timm_model(name: str, tag: str | bool | None = True) -> tuple[nn.Module, ModelCard]:
    """Timm's network, in evaluation mode, and what is known of it.

    Args:
        name: as timm has it, "resnet50".
        tag: of its weights, "a1_in1k"; True: those that timm takes; False or None: as drawn.

    Raises:
        UnknownNameError: no such network or weights.
        DownloadError: no network, or no answer.
        ResnetlabError: the extra `hub` is not installed.
    """
    timm = need("timm")
    if not timm.is_model(name):
        raise UnknownNameError("network of timm", name, timm.list_models())
    if not tag:
        return timm.create_model(name, pretrained=False).eval(), ModelCard()
    full = [one for one in timm.list_pretrained(f"{name}.*") if one.startswith(f"{name}.")]
    tags = [one.removeprefix(f"{name}.") for one in full]
    if not tags:
        raise ResnetlabError(f"timm has no weights for {name}\ntake another network: timm.list_pretrained()")
    if tag is not True and tag not in tags:
        raise UnknownNameError(f"weights of timm's {name}", str(tag), tags, f"all of them: {', '.join(tags)}")
    chosen = name if tag is True else f"{name}.{tag}"
    model: nn.Module = timm.create_model(chosen, pretrained=True, pretrained_cfg_overlay=_weights_of(timm, chosen))
    config: Any = model.pretrained_cfg
    config.pop("state_dict", None)  # the network has them now
    names = config.get("label_names") or (imagenet_classes() if config["num_classes"] == 1000 else None)
    card = ModelCard(
        classes=tuple(names) if names else None,
        preprocessing=preprocessing_of_timm(config),
        source=f"timm {name}.{config['tag']}" if config.get("tag") else f"timm {name}",
        licence=config.get("license"),
    )
    return model.eval(), card


def _weights_of(timm: Any, name: str) -> dict[str, Any]:
    """Timm's weights, read by us, in the form in which it takes them.

    Raises:
        ResnetlabError: they are not where timm's weights usually are.
    """
    place = timm.get_pretrained_cfg(name)
    if not place.hf_hub_id or place.hf_hub_filename:
        raise ResnetlabError(f"the weights of timm's {name} are not in a repository of the usual form\ntake others")
    return {"state_dict": read_checkpoint(download_weights(place.hf_hub_id))}
