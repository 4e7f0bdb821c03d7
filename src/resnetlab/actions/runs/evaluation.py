"""What a finished training's network is worth, class by class: eval.json in the folder of its run."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnetlab.actions.judging.evaluation import Evaluation
from resnetlab.actions.judging.scores import Scorer, Scores
from resnetlab.analysis.untouched import in_evaluation_mode
from resnetlab.core.files import write_content
from resnetlab.core.terminal import json_text
from resnetlab.data.preparation import Batch
from resnetlab.training.loop import PLAIN
from resnetlab.training.precision import Choice, at_least_float32

FLIPPED_TOO = "each image was shown as it is and left to right, and the outputs averaged"


class Mirrored(nn.Module):
    """The mean of what a network gives for images and for their mirror images.

    Args:
        network: maps images to one logit for each class.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        return (self.network(images) + self.network(images.flip(-1))) / 2


@torch.no_grad()
def count_scores(
    model: nn.Module, batches: Iterable[Batch], classes: int, device: str, choice: Choice = PLAIN
) -> Scores:
    """The scores of a network in evaluation mode; every module of it is left in the mode it came in.

    Where many processes train together all of them have to come here, and each gets the scores of all images.

    Args:
        model: maps images to one logit for each class.
        batches: every image once over all processes, with class numbers.
        classes: their number.
        device: where the batches are.
        choice: in which numbers the network computes.
    """
    scorer = Scorer(classes, device)
    with in_evaluation_mode(model):
        for batch in batches:
            with choice.autocast():
                logits = model(batch.images)
            if len(batch.labels):
                scorer.add(at_least_float32(logits), batch.labels)
    return scorer.scores()


def write_scores(found: Evaluation) -> None:
    """Put eval.json alone into the run's folder; its figures are among those of the run's page."""
    content = f"{json_text(found.as_json())}\n"
    write_content(found.folder / "eval.json", content)
