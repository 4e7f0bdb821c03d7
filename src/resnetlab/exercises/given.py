"""Small networks that a probe hands to an answer, with numbers that follow from the case.

They are of PyTorch alone, under torchvision's names: a probe runs where the library cannot be imported, and importing
it there would take as long as PyTorch itself.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from resnetlab.exercises.observation import Case, drawn

equal = torch.equal  # bound before an answer runs, which may put another one in its place
EXPANSIONS = {"basic": 1, "bottleneck": 4}
MODES = ("evaluation", "training", "training, norms frozen")  # that a network is given in; fine-tuning has the last
BOTH_MODES = ({"training": True}, {"training": False})  # of checks of a block, for the cases always looked at
EVERY_MODE = tuple({"mode": mode} for mode in MODES)  # for the cases that a check always looks at


class GivenBlock(nn.Module):
    """A basic block or a bottleneck of the original kind, with option B where the shape changes.

    Args:
        kind: "basic" or "bottleneck".
        channels: of x.
        width: of the 3×3 convolutions.
        stride: of the first of them.
    """

    def __init__(self, kind: str, channels: int, width: int, stride: int) -> None:
        super().__init__()
        given = width * EXPANSIONS[kind]
        kernels = {"basic": (3, 3), "bottleneck": (1, 3, 1)}[kind]
        sizes = {"basic": (channels, width, width), "bottleneck": (channels, width, width, given)}[kind]
        strides = {"basic": (stride, 1), "bottleneck": (1, stride, 1)}[kind]
        for number, kernel in enumerate(kernels):
            taken, made = sizes[number : number + 2]
            conv = nn.Conv2d(taken, made, kernel, strides[number], kernel // 2, bias=False)
            self.add_module(f"conv{number + 1}", conv)
            self.add_module(f"bn{number + 1}", nn.BatchNorm2d(made))
        self.last = len(kernels)
        projection = nn.Sequential(nn.Conv2d(channels, given, 1, stride, bias=False), nn.BatchNorm2d(given))
        self.downsample = projection if stride > 1 or channels != given else None

    def forward(self, x: Tensor) -> Tensor:
        h = x
        for number in range(1, self.last + 1):
            h = self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(h))
            h = h.relu() if number < self.last else h
        return (h + (x if self.downsample is None else self.downsample(x))).relu()


def residual_network(case: Case, kind: str, depths: Sequence[int], classes: int = 3, width: int = 2) -> nn.Sequential:
    """A stem, stages `layer1`, `layer2`, … of residual blocks, and a head; every number is drawn from the case.

    Args:
        case: one trial.
        kind: "basic" or "bottleneck".
        depths: blocks of each stage; each stage after the first halves the image and doubles the channels.
        classes: that the head tells apart.
        width: of the first stage.
    """
    channels = width * 2
    stem = nn.Sequential(OrderedDict(conv=nn.Conv2d(3, channels, 3, padding=1, bias=False)))
    stem.add_module("bn", nn.BatchNorm2d(channels))
    stem.add_module("relu", nn.ReLU())
    network = nn.Sequential(OrderedDict(stem=stem))
    for number, depth in enumerate(depths):
        stage = nn.Sequential()
        for place in range(depth):
            own = width * 2**number
            stage.append(GivenBlock(kind, channels, own, 2 if number and not place else 1))
            channels = own * EXPANSIONS[kind]
        network.add_module(f"layer{number + 1}", stage)
    head = OrderedDict(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), fc=nn.Linear(channels, classes))
    network.add_module("head", nn.Sequential(head))
    draw_numbers(case, network)
    return network


def draw_numbers(case: Case, module: nn.Module) -> None:
    """Set every parameter and buffer to numbers that follow from the case and its name; variances stay positive."""
    with torch.no_grad():
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            if tensor.is_floating_point():
                numbers = drawn(case, name, *tensor.shape)
                if tensor.ndim > 1:
                    numbers = numbers / tensor[0].numel() ** 0.5
                elif name.endswith("running_var"):
                    numbers = numbers.exp()
                elif name.endswith("weight"):
                    numbers = 1 + numbers / 4
                tensor.copy_(numbers)


def blocks_of(network: nn.Sequential) -> Iterator[tuple[str, nn.Module]]:
    """The blocks of a network that `residual_network` made, by name, in order."""
    for name, stage in network.named_children():
        if name.startswith("layer"):
            yield from ((f"{name}.{place}", block) for place, block in stage.named_children())


def mode_of(case: Case) -> str:
    """Of a case that trains or does not, in a word."""
    return "training" if case["training"] else "evaluation"


def set_mode(network: nn.Module, mode: str) -> None:
    """Bring a network to one of `MODES`."""
    evaluation, _, frozen = MODES
    network.train(mode != evaluation)
    for part in network.modules():
        if mode == frozen and isinstance(part, nn.BatchNorm2d):
            part.eval()


def running_averages(network: nn.Module) -> list[Tensor]:
    """Copies of what the norms of a network keep of its batches; how many there were is not asked."""
    return [buffer.clone() for buffer in network.buffers() if buffer.is_floating_point()]


def alike(before: Sequence[Tensor], after: Sequence[Tensor]) -> bool:
    """Whether all numbers are the same."""
    return len(before) == len(after) and all(map(equal, before, after))


def modes_of(network: nn.Module) -> list[bool]:
    """Which parts are in training mode, in the order of `network.modules()`."""
    return [part.training for part in network.modules()]


def hooks_on(network: nn.Module) -> int:
    """How many hooks of a forward or a backward pass its parts carry."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(part, kind)) for part in network.modules() for kind in kinds)
