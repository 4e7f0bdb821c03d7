"""Which pixels speak for a class: Grad-CAM at the last map of any layout, and integrated gradients, both by captum.

Paper: Selvaraju et al. 2017, Equations 1 and 2; Sundararajan, Taly & Yan 2017, Section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import util
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from resnetlab.analysis.feature_maps import last_feature_map, map_of, shown_by
from resnetlab.analysis.tracing import modules_named, tensors_in
from resnetlab.analysis.untouched import in_evaluation_mode
from resnetlab.core.errors import ResnetlabError


@dataclass(frozen=True, eq=False)
class GradCam:
    """Where in the last feature map a class is seen.

    Attributes:
        layer: whose output it is.
        classes: (N,) that were asked for.
        layout: of that output: "channels first", "channels last" or "tokens".
        maps: (N, h, w), max(0, Σ_k a_k A_k) with a_k the mean gradient of the class's logit over channel k of A.
    """

    layer: str
    layout: str
    classes: Int[Tensor, " n"]
    maps: Float[Tensor, "n h w"]

    def as_json(self) -> dict[str, Any]:
        """The fields as texts and lists."""
        named = {"layer": self.layer, "layout": self.layout}
        return named | {"classes": self.classes.tolist(), "maps": self.maps.tolist()}


@dataclass(frozen=True, eq=False)
class IntegratedGradients:
    """How much each number of an image adds to the logit of a class, on the straight way from a grey image to it.

    Attributes:
        classes: (N,) that were asked for.
        maps: (N, C, H, W), in logits.
        differences: (N,) logit of the image minus that of the baseline, which the maps should add up to.
        gaps: (N,) how far their sums are from it: what the steps left out.
        steps: on the way.
    """

    classes: Int[Tensor, " n"]
    maps: Float[Tensor, "n c h w"]
    differences: Float[Tensor, " n"]
    gaps: Float[Tensor, " n"]
    steps: int

    def as_json(self) -> dict[str, Any]:
        """What it found but the maps, which are as large as the images."""
        numbers = {name: getattr(self, name).tolist() for name in ("classes", "differences", "gaps")}
        return numbers | {"steps": self.steps}


def grad_cam(
    model: nn.Module, images: Float[Tensor, "n c h w"], classes: Int[Tensor, " n"], layer: str | None = None
) -> GradCam:
    """Tells where in a feature map the network sees these classes.

    Args:
        model: any classifier; it evaluates meanwhile and is otherwise left alone.
        images: normalised as the model expects.
        classes: for each image the one that is asked for.
        layer: module whose output is looked at; the last feature map by default.

    Raises:
        ResnetlabError: captum is not installed, or there is no feature map.
        UnknownNameError: the model has no such module.
    """
    require_captum()
    from captum.attr import LayerGradCam

    if layer is not None:
        modules_named(model, [layer])
    place = last_feature_map(model, images) if layer is None else map_of(model, layer, images)
    with in_evaluation_mode(model), shown_by(model, place) as shown:
        source = images.detach().clone().requires_grad_()
        found = LayerGradCam(model, shown).attribute(source, target=classes, relu_attributions=True)
    maps = next(tensors_in(found)).detach()
    return GradCam(place.layer, place.layout.words, classes, maps[:, 0])


def integrated_gradients(
    model: nn.Module,
    images: Float[Tensor, "n c h w"],
    classes: Int[Tensor, " n"],
    steps: int = 64,
    batch_size: int = 64,
    baseline: float = 0.0,
) -> IntegratedGradients:
    """Tells what each number of an image adds to the logit of a class.

    Args:
        model: any classifier; it evaluates meanwhile and is otherwise left alone.
        images: normalised as the model expects.
        classes: for each image the one that is asked for.
        steps: of the integral, by Gauss and Legendre.
        batch_size: images that pass at once.
        baseline: what the way starts from, in normalised numbers: 0 is the mean colour of the training images.

    Raises:
        ResnetlabError: captum is not installed.
    """
    require_captum()
    from captum.attr import IntegratedGradients as Captum

    with in_evaluation_mode(model):
        source = images.detach().clone().requires_grad_()
        maps, gaps = Captum(model).attribute(
            source,
            baselines=baseline,
            target=classes,
            n_steps=steps,
            internal_batch_size=max(batch_size, len(images)),
            return_convergence_delta=True,
        )
        with torch.no_grad():
            ends = [model(inputs.clone()) for inputs in (images, torch.full_like(images, baseline))]
    at, beginning = (end.gather(1, classes[:, None])[:, 0] for end in ends)
    return IntegratedGradients(classes, maps.detach(), (at - beginning).detach(), gaps.detach(), steps)


def require_captum() -> None:
    """Say how to install captum where it is missing.

    Raises:
        ResnetlabError: it is not installed.
    """
    if util.find_spec("captum") is None:
        raise ResnetlabError("attribution needs captum, which is not installed\npip install 'resnetlab[explain]'")
