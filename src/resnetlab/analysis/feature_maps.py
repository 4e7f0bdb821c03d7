"""Which outputs of a network's layers are maps, whatever their layout, and the last one that all of it works on.

A map is (N, C, h, w), as convolutions give it, (N, h, w, C), as Swin and the inside of ConvNeXt have it, or tokens
(N, T, C), a row of places, before which class tokens may stand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnetlab.analysis.tracing import Layer, watching
from resnetlab.analysis.untouched import in_evaluation_mode
from resnetlab.core.errors import ResnetlabError

MOST_PREFIX = 8  # class tokens and registers before those of the places
MOST_TRIED = 64  # maps, from the last one back, before a network is said to have none
UNEVEN = 0.25  # by which the sides of a map may be out of the image's proportion
Channels = nn.Linear | nn.LayerNorm


@dataclass(frozen=True)
class MapLayout:
    """How a layer's output is a map.

    Attributes:
        height, width: places.
        channels_last: (N, h, w, C), or tokens.
        tokens: (N, T, C).
        prefix: tokens before those of the places.
    """

    height: int
    width: int
    channels_last: bool = False
    tokens: bool = False
    prefix: int = 0

    @property
    def words(self) -> str:
        """What the map is, for a sentence."""
        return "tokens" if self.tokens else "channels last" if self.channels_last else "channels first"

    def as_map(self, output: Tensor) -> Float[Tensor, "n c h w"]:
        """The output as a map, channels first."""
        if self.tokens:
            output = output[:, self.prefix :].unflatten(1, (self.height, self.width))
        return output.movedim(-1, 1) if self.channels_last else output

    def as_output(self, maps: Float[Tensor, "n c h w"], output: Tensor) -> Tensor:
        """A map put back into the output that it came from."""
        maps = maps.movedim(1, -1) if self.channels_last else maps
        return torch.cat([output[:, : self.prefix], maps.flatten(1, 2)], 1) if self.tokens else maps


@dataclass(frozen=True)
class FeatureMap:
    """A layer whose output is a map.

    Attributes:
        layer: dotted path of the module.
        layout: of its output.
    """

    layer: str
    layout: MapLayout


def last_feature_map(model: nn.Module, images: Float[Tensor, "n c h w"]) -> FeatureMap:
    """Finds the last map of more than one place that all of the network works on, and where a gradient comes.

    All of it: nothing of the image reaches the outputs on another way, as it does around the layers inside a block. A
    gradient: a transformer's last block is passed over where only its class token counts. Of layers that give the
    same tensor the outermost is taken, which no activation in place writes over.

    Args:
        model: any classifier.
        images: one is enough.

    Raises:
        ResnetlabError: there is none.
    """
    image = images[:1].detach()
    with in_evaluation_mode(model), torch.enable_grad():
        outputs, classes = _outputs(model, image)
        maps = _maps(model, outputs, (int(image.shape[2]), int(image.shape[3])))
        said = classes.max()
        slopes = torch.autograd.grad(said, [tensor for _, tensor in maps], allow_unused=True) if maps else ()
        pairs = zip(maps, slopes, strict=True)
        reached = [one for (one, _), slope in pairs if slope is not None and one.layout.as_map(slope).any()]
        for one in reached[: -MOST_TRIED - 1 : -1]:
            if _is_passed_by_all(model, one.layer, image):
                return one
    if maps and not reached:
        raise ResnetlabError(
            f"no gradient of a logit comes to any map of {type(model).__name__}, as behind a head of zeros\n"
            "Grad-CAM needs one; train the network first"
        )
    raise ResnetlabError(
        f"no module inside {type(model).__name__} gives a map of more than one position that all of it works on\n"
        "Grad-CAM needs one; integrated gradients serve any network"
    )


def map_of(model: nn.Module, layer: str, images: Float[Tensor, "n c h w"]) -> FeatureMap:
    """One layer's output as a map.

    Raises:
        ResnetlabError: it is none.
    """
    with in_evaluation_mode(model), torch.enable_grad():
        outputs, _ = _outputs(model, images[:1].detach())
    found = [one for one, _ in _maps(model, outputs, tuple(images.shape[2:])) if one.layer == layer]
    if not found:
        raise ResnetlabError(f"module {layer!r} gives no feature map of more than one position\nname one that does")
    return found[-1]


@contextmanager
def shown_by(model: nn.Module, place: FeatureMap) -> Iterator[nn.Module]:
    """Inside the block a module of its own gives the map, channels first, on its way out of the layer."""
    shown, layout = nn.Identity(), place.layout

    def show(module: nn.Module, inputs: object, output: Tensor) -> Tensor:
        return layout.as_output(shown(layout.as_map(output)), output)

    handle = model.get_submodule(place.layer).register_forward_hook(show)
    try:
        yield shown
    finally:
        handle.remove()


def _outputs(model: nn.Module, image: Tensor) -> tuple[list[tuple[str, Tensor]], Tensor]:
    """What every module inside gives, in the order of their ends, and what the whole gives."""
    ended: list[tuple[str, Tensor]] = []

    def remember(layer: Layer, inputs: object, output: object) -> None:
        if isinstance(output, Tensor) and output.requires_grad:
            ended.append((layer.name, output))

    watched = {name: part for name, part in model.named_modules() if name and not isinstance(part, nn.Identity)}
    with watching(model, watched, remember):
        classes = model(image.clone().requires_grad_().clone())  # a first layer may write in place
    return ended, classes


def _maps(
    model: nn.Module, outputs: list[tuple[str, Tensor]], size: tuple[int, ...]
) -> list[tuple[FeatureMap, Tensor]]:
    """Those of the outputs that are maps, in order, the outermost of the layers that give one tensor."""
    parts = dict(model.named_modules())
    found: dict[int, tuple[FeatureMap, Tensor]] = {}
    grids: list[tuple[int, int]] = []
    for name, tensor in outputs:
        if tensor.dim() == 4:
            layout = _layout_of_map(tensor, isinstance(parts[name], Channels), size)
        else:
            layout = _layout_of_tokens(tensor, grids, size)
        if layout is not None and layout.height * layout.width > 1:
            grids.append((layout.height, layout.width))
            found.pop(id(tensor), None)
            found[id(tensor)] = FeatureMap(name, layout), tensor
    return list(found.values())


def _layout_of_map(tensor: Tensor, channels_last: bool, size: tuple[int, ...]) -> MapLayout | None:
    """Told by which sides have the image's proportion; where both could, by the kind of the layer."""
    _, first, second, third = tensor.shape
    usual, last = _unevenness(second, third, size), _unevenness(first, second, size)
    if min(usual, last) == math.inf:
        return None
    if last < usual or (last == usual and channels_last):
        return MapLayout(first, second, channels_last=True)
    return MapLayout(second, third)


def _layout_of_tokens(tensor: Tensor, grids: list[tuple[int, int]], size: tuple[int, ...]) -> MapLayout | None:
    """A row of as many tokens as an earlier map had places, or a square of them, and some before these."""
    if tensor.dim() != 3:
        return None
    count = tensor.shape[1]
    fitting = [grid for grid in grids if 0 <= count - grid[0] * grid[1] <= MOST_PREFIX]
    side = math.isqrt(count)
    if not grids and size[0] == size[1] and count - side**2 in (0, 1):
        fitting.append((side, side))
    if not fitting:
        return None
    height, width = fitting[-1]
    return MapLayout(height, width, channels_last=True, tokens=True, prefix=count - height * width)


def _unevenness(height: int, width: int, size: tuple[int, ...]) -> float:
    """How far sides are out of the image's proportion, relative; infinite where more than rounding explains."""
    apart = abs(height - width * size[0] / size[1])
    return apart / height if apart <= max(1.0, UNEVEN * height) else math.inf


def _is_passed_by_all(model: nn.Module, layer: str, image: Tensor) -> bool:
    """Whether nothing of the image reaches the outputs if its gradient is stopped behind this layer."""
    source = image.clone().requires_grad_()
    handle = model.get_submodule(layer).register_forward_hook(lambda module, inputs, output: output.detach())
    try:
        classes = model(source.clone())
    finally:
        handle.remove()
    if not classes.requires_grad:
        return True
    return torch.autograd.grad(classes.sum(), source, allow_unused=True)[0] is None
