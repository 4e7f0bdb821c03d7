"""Which network a state dict belongs to, told from the names and shapes of its tensors alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from resnetlab.core.errors import ResnetlabError, WeightsError
from resnetlab.nn import build
from resnetlab.specs import ModelSpec, NetworkSpec, find_spec
from resnetlab.specs.nearest import as_row
from resnetlab.specs.parts import Bottleneck, ZeroPadding
from resnetlab.specs.preprocessing import IMAGENET, Preprocessing
from resnetlab.weights.descendant_inference import infer_densenet, infer_efficientnet, infer_vgg
from resnetlab.weights.fitting import extent, misfit, refuse_misfit, rename
from resnetlab.weights.layouts import LAYOUTS, Layout
from resnetlab.weights.layouts.cifar import USUAL as CIFAR
from resnetlab.weights.residual_inference import Shapes, infer_residual_network
from resnetlab.weights.unwrapping import unwrap

INFERENCES: dict[str, Callable[[Shapes], ModelSpec]] = {
    "resnet": infer_residual_network,
    "preactivation resnet": infer_residual_network,
    "regnet": infer_residual_network,
    "vgg": infer_vgg,
    "densenet": infer_densenet,
    "efficientnet": infer_efficientnet,
}

UNTOLD = ("first_stride", "downsampling", "activation")


@dataclass(frozen=True)
class Identification:
    """What a state dict tells of its network, and what it does not.

    Args:
        spec: the network that has exactly these tensors, as a row of the zoo with fields changed.
        layout: whose names the tensors carry.
        preprocessing: what its images most likely go through; no tensor tells it.
        assumptions: what was taken for granted, a sentence each.
    """

    spec: ModelSpec
    layout: Layout
    preprocessing: Preprocessing | None
    assumptions: tuple[str, ...]


def identify(state_dict: Mapping[str, object]) -> Identification:
    """The network whose tensors these are.

    >>> from resnetlab import create_model
    >>> identify(create_model("resnet20", shortcut="B").state_dict()).spec.name
    'resnet20[shortcut=B]'

    Args:
        state_dict: in any layout of `resnetlab.weights.layouts`; training scripts' wrappers may be on it.

    Raises:
        WeightsError: no layout has such names, or the network nearest to it differs; all differences are listed.
    """
    state = unwrap(state_dict)
    candidates = [layout for layout in LAYOUTS if layout.recognises(state)]
    if not candidates:
        raise WeightsError(
            f"these names of tensors are of no known layout: {', '.join(list(state)[:4])}, …\n"
            f"known: {', '.join(dict.fromkeys(layout.library for layout in LAYOUTS))}; "
            "a network that you have is filled by load_weights(model, path)"
        )
    refusals = []
    for layout in candidates:
        try:
            spec = _fitting_spec(layout, state)
        except WeightsError as refusal:
            refusals.append(refusal)
        else:
            preprocessing = layout.preprocessing or _usual_preprocessing(spec)
            return Identification(spec, layout, preprocessing, _assumptions(spec, layout, preprocessing))
    raise min(refusals, key=extent)  # of the layout that comes nearest


def _fitting_spec(layout: Layout, state: Mapping[str, Tensor]) -> ModelSpec:
    """The spec read off the shapes, if a network built by it has just these tensors, and computes what they did."""
    layout.refuse_strangers(state)
    ours = rename(state, layout)
    shapes = {name: tuple(tensor.shape) for name, tensor in ours.tensors.items() if isinstance(tensor, Tensor)}
    try:
        found = INFERENCES[layout.family](shapes)
        if found.weighted_layers > len(state):  # a number in a name, and not as many layers
            raise ValueError(f"{found.weighted_layers} layers of {len(state)} tensors")
        spec = _with_what_no_tensor_tells(as_row(found))
    except (ResnetlabError, LookupError, ArithmeticError, ValueError) as error:
        raise WeightsError(
            f"these tensors carry the names of a {layout.family} of {layout.library}, but make no network: {error}"
        ) from error
    refuse_misfit(spec.name, misfit(build(spec, "meta").state_dict(), ours, of_shapes_only=True))
    return spec


def _with_what_no_tensor_tells(spec: ModelSpec) -> ModelSpec:
    """The spec with those fields of its row that leave the shapes of tensors as they are."""
    row = find_spec(spec.name.partition("[")[0])
    untold = {name: row.field_value(name) for name in UNTOLD if name in row.changeable_fields()}
    return as_row(spec.but(name="network", **untold)) if isinstance(spec, NetworkSpec) else spec


def _usual_preprocessing(spec: ModelSpec) -> Preprocessing | None:
    usual = IMAGENET if spec.input_size == IMAGENET.size else CIFAR
    return usual if spec.in_channels == usual.channels else None


def _assumptions(spec: ModelSpec, layout: Layout, preprocessing: Preprocessing | None) -> tuple[str, ...]:
    """What no tensor tells, each with what was taken."""
    said = ["batch norms, if any, have ε = 1e-5, and images are padded alike on both sides"]
    if isinstance(spec, NetworkSpec):
        stem = spec.stem
        pooling = "with" if stem.max_pool else "without"
        said.append(
            f"the stem has stride {stem.stride}, {pooling} max-pooling, and every later stage halves the image"
        )
        said.append("no blur and no other pooling against aliasing stands at the strides")
        if isinstance(spec.block, Bottleneck):
            said.append("a block's stride stands in the 3×3 (v1.5), not in the first 1×1 as in the paper (v1)")
        if isinstance(spec.shortcut, ZeroPadding):
            said.append(
                "shortcuts without tensors are zero-padded (option A); a plain net without them looks the same"
            )
        said.append(
            f"the activation is {spec.block.activation} and stands where the paper has it ({spec.block.order})"
        )
    if preprocessing is not None:
        mean, std = (
            ", ".join(f"{value:.3f}" for value in values) for values in (preprocessing.mean, preprocessing.std)
        )
        whose = f"as in {layout.library}" if layout.preprocessing else "the usual ones"
        said.append(f"images are normalised by mean ({mean}) and std ({std}), {whose}")
    return tuple(said)
