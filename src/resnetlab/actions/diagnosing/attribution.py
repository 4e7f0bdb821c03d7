"""Which pixels speak for what the network says of a few images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from resnetlab.actions.diagnosing.diagnosis import Section, SectionFigure, Subject
from resnetlab.core.errors import ResnetlabError
from resnetlab.pages.numbers import number

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor, nn

    from resnetlab.analysis.attribution import GradCam, IntegratedGradients

IMAGES = 6
STEPS = 64


def attribution_section(subject: Subject) -> Section:
    """Grad-CAM and integrated gradients of a few images, for the class that the network takes each for.

    Raises:
        ResnetlabError: captum is not installed.
    """
    import torch

    from resnetlab.analysis.attribution import integrated_gradients, require_captum

    require_captum()
    few = min(IMAGES, subject.batch_size)
    images, labels = subject.images[:few], subject.labels[:few]
    with torch.no_grad():
        classes = subject.model(images).argmax(1)
    subject.say(f"integrated gradients of {len(images)} images")
    integrated = integrated_gradients(subject.model, images, classes, STEPS, subject.batch_size)
    cam, why = _cam(subject.model, images, classes)
    said = zip(classes.tolist(), labels.tolist(), strict=True)
    titles = [_title(subject.classes, answer, true) for answer, true in said]
    return Section(
        "attribution",
        "Which pixels speak for the answer",
        _lead(integrated, cam),
        (_figure(images, titles, integrated, cam),),
        numbers={
            "images": len(images),
            "labels": labels.tolist(),
            "integrated_gradients": integrated.as_json(),
            "grad_cam": None if cam is None else cam.as_json(),
        },
        not_done=why,
    )


def _cam(model: nn.Module, images: Tensor, classes: Tensor) -> tuple[GradCam | None, tuple[str, ...]]:
    """Grad-CAM, or why there is none."""
    from resnetlab.analysis.attribution import grad_cam

    try:
        return grad_cam(model, images, classes), ()
    except ResnetlabError as error:
        return None, (f"No Grad-CAM: {str(error).splitlines()[0]}",)


def _lead(integrated: IntegratedGradients, cam: GradCam | None) -> str:
    worst = (integrated.gaps.abs() / integrated.differences.abs().clamp_min(1e-12)).max().item()
    seen = ""
    if cam is not None:
        where = "among the tokens that come out" if cam.layout == "tokens" else "in the output"
        seen = f": where {where} of {cam.layer} that class is seen (Grad-CAM), and"
    return (
        f"Of {len(integrated.classes)} images, for the class that the network takes each for{seen} what each pixel "
        "adds to its logit on the way from the mean colour to the image (integrated gradients). The pixels add up to "
        f"the difference of the logits but for {number(100 * worst)} % at most."
    )


def _figure(
    images: Tensor, titles: Sequence[str], integrated: IntegratedGradients, cam: GradCam | None
) -> SectionFigure:
    from resnetlab.pages.landscape_figures import attribution_figure

    rows = [] if cam is None else [("Grad-CAM", list(cam.maps.cpu().double().numpy()), False)]
    rows.append(("integrated gradients", list(integrated.maps.sum(1).cpu().double().numpy()), True))
    figure = attribution_figure(_shown(images).cpu().numpy(), titles, rows)
    caption = "Red adds to the logit, blue takes from it; each map has its own scale."
    return SectionFigure("attribution-maps", "Pixel by pixel", figure, caption)


def _title(classes: tuple[str, ...], said: int, true: int) -> str:
    names = [(classes[at] if at < len(classes) else str(at))[:14].replace("$", r"\$") for at in (said, true)]
    return names[0] if said == true else f"{names[0]}\nis {names[1]}"


def _shown(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n h w 3"]:
    """The images as pictures: each between its own darkest and lightest number, grey where there is one channel."""
    picture = images if images.shape[1] == 3 else images.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    least, most = (edge.view(-1, 1, 1, 1) for edge in (picture.flatten(1).amin(1), picture.flatten(1).amax(1)))
    return ((picture - least) / (most - least).clamp_min(1e-12)).permute(0, 2, 3, 1)
