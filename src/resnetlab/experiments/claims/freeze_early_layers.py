"""Turning off requires_grad in layer1 and layer2 freezes the early layers of a ResNet.

Lessons on fine-tuning freeze the early layers so: `requires_grad = False` for every parameter of layer1 and layer2,
which the optimiser then passes over. What was learned in pretraining is then meant to stay as it was.

Protocol: a small ResNet-18 is trained for three steps of SGD with momentum and weight decay on images, after one step
of free training (the "pretraining") and one of several recipes for freezing. Before and after, every parameter and
every buffer of the stem, layer1 and layer2 is hashed; what differs in a single bit has changed. The claim rests on the
recipe of the lessons. Other recipes show what else can go wrong and what does freeze: `requires_grad` off in stem,
layer1 and layer2, their batch norms in evaluation mode, set again whenever `model.train()` has been called.

What this does not show: whether moving statistics or a moving stem harm the result; on data much like that of the
pretraining they may help.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from matplotlib.figure import Figure
from torch import nn
from torch.nn import functional as F

from resnetlab.experiments.base import Arm, Claim, Exact, Kind, Measures, Outcome, Results, Run
from resnetlab.experiments.statistics import Verdict
from resnetlab.pages.tables import table
from resnetlab.weights import create_model

STEM, STAGES = ("conv1", "bn1"), ("layer1", "layer2")
PLACES = dict.fromkeys(STEM, "stem") | dict.fromkeys(STAGES, "layer1–2")
GROUPS = ("stem parameters", "stem buffers", "layer1–2 parameters", "layer1–2 buffers")
STEPS, BATCH = 3, 32


@dataclass(frozen=True)
class Recipe:
    """A way to freeze, after a first step of training.

    Args:
        frozen: parts whose parameters get `requires_grad = False`.
        evaluates: these parts are in evaluation mode while the others train.
        sets_to_none: between steps gradients are set to None, PyTorch's default, rather than to zero.
    """

    frozen: tuple[str, ...]
    evaluates: bool = False
    sets_to_none: bool = True


LESSON, SOUND = "layer1–2, as taught", "stem, layer1–2, eval mode"
ZEROED = "so, but gradients zeroed"
RECIPES = {
    LESSON: Recipe(STAGES),
    "stem, layer1–2": Recipe(STEM + STAGES),
    SOUND: Recipe(STEM + STAGES, evaluates=True),
    ZEROED: Recipe(STEM + STAGES, evaluates=True, sets_to_none=False),
}


def measure(run: Run) -> Measures:
    """How many tensors of each kind there are in the early layers, and how many of them have changed."""
    recipe: Recipe = run.arm.settings
    model = create_model("resnet18_cifar", len(run.data.classes), run.data.channels, width=4)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    batches = zip(run.data.train_images.split(BATCH), run.data.train_labels.split(BATCH), strict=True)
    before: dict[str, str] = {}
    for step, (images, labels) in zip(range(1 + STEPS), batches, strict=False):
        if step == 1:
            before = hashes(model)
            for part in recipe.frozen:
                model.get_submodule(part).requires_grad_(False)
        model.train()
        for part in recipe.frozen if recipe.evaluates and step > 0 else ():
            model.get_submodule(part).eval()
        optimiser.zero_grad(set_to_none=recipe.sets_to_none)
        F.cross_entropy(model(images), labels).backward()
        optimiser.step()
    after, parameters = hashes(model), dict(model.named_parameters())
    counts = {group: [0, 0] for group in GROUPS}
    for name in before:
        if (place := PLACES.get(name.split(".")[0])) is not None:
            group = counts[f"{place} {'parameters' if name in parameters else 'buffers'}"]
            group[0] += before[name] != after[name]
            group[1] += 1
    return counts


def hashes(model: nn.Module) -> dict[str, str]:
    """Of the bits of every parameter and buffer."""
    return {name: hashlib.sha256(tensor.numpy().tobytes()).hexdigest() for name, tensor in model.state_dict().items()}


def unchanged(results: Results, recipe: str, groups: Sequence[str]) -> Outcome:
    found = results.one(recipe)
    changed, count = (sum(found[group][at] for group in groups) for at in (0, 1))
    return Outcome(changed == 0, f"{changed} of {count} changed", f"0 of {count}")


PARTS = (
    Exact("no parameter of layer1 and layer2 changes", partial(unchanged, recipe=LESSON, groups=GROUPS[2:3])),
    Exact("no buffer of layer1 and layer2 changes", partial(unchanged, recipe=LESSON, groups=GROUPS[3:])),
    Exact("nothing changes in the stem", partial(unchanged, recipe=LESSON, groups=GROUPS[:2])),
    Exact(
        "with the stem frozen too, all in evaluation mode, nothing changes",
        partial(unchanged, recipe=SOUND, groups=GROUPS),
    ),
)


def rule(parts: Mapping[str, Verdict]) -> Verdict:
    """Early layers are frozen where nothing in them changes; what the last part says is a remedy."""
    lesson = [parts[part.name] for part in PARTS[:3]]
    return Verdict.HOLDS if set(lesson) == {Verdict.HOLDS} else Verdict.DOES_NOT_HOLD


def finding(results: Results) -> str:
    said = {group: "{} of {}".format(*results.one(LESSON)[group]) for group in GROUPS}
    moved = sum(results.one(ZEROED)[group][0] for group in (GROUPS[0], GROUPS[2]))
    return (
        f"{STEPS} steps after freezing as the lessons do, {said[GROUPS[2]]} parameters of layer1 and layer2 have "
        f"changed, but {said[GROUPS[3]]} of their buffers, the batch norms' running statistics, and {said[GROUPS[0]]} "
        "parameters of the stem. What does freeze: requires_grad off in the stem as well, and evaluation mode for all "
        "of them, again after every `model.train()`. Gradients must be None: where they are set to zero instead, "
        f"momentum and weight decay still move {moved} frozen parameters."
    )


def figure(results: Results) -> Figure:
    rows = [(name, *("{} of {}".format(*results.one(name)[group]) for group in GROUPS)) for name in RECIPES]
    return table(("frozen: what changed", *GROUPS), rows, numbers=GROUPS)


CLAIM = Claim(
    slug="freeze_early_layers",
    doc=__doc__,
    source="tutorials on fine-tuning torchvision's ResNet-50",
    kinds=(Kind.EXACT,),
    arms=tuple(Arm(name, settings=recipe) for name, recipe in RECIPES.items()),
    measure=measure,
    parts=PARTS,
    figure=figure,
    rule=rule,
    finding=finding,
)
