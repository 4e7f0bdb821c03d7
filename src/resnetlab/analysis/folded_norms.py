"""Batch norms folded into the convolutions before them, anew whenever the weights have moved."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from resnetlab.analysis.graph import Graph, Operation
from resnetlab.analysis.recording import record_graph
from resnetlab.core.errors import ResnetlabError


@dataclass(frozen=True, eq=False)
class Fold:
    """A convolution that does what it and its norm did.

    Args:
        convolution: has weights and a bias of its own now.
        norm: that stood behind it.
        weight, bias: the parameters that it had, which others may move.
    """

    convolution: nn.Conv2d
    norm: nn.BatchNorm2d
    weight: Tensor
    bias: Tensor | None


class FoldedNorms:
    """The folds of a network in evaluation mode, which computes the same afterwards with fewer passes over memory.

    Folded is what is sure: a norm behind a convolution whose output nothing else takes, each called once.

    Args:
        model: is changed for good; norms that are folded become the identity.
        input_size: one image, (channels, height, width).
    """

    def __init__(self, model: nn.Module, input_size: tuple[int, ...]) -> None:
        self.folds: list[Fold] = []
        try:
            graph = record_graph(model, input_size)
        except ResnetlabError:
            return
        if graph.looked_at_numbers:
            return
        for convolution, norm in _pairs(model, graph):
            self._fold(model, convolution, norm)
        self.refresh()

    def refresh(self) -> None:
        """Folds anew: to be called after the weights have moved."""
        with torch.no_grad():
            for fold in self.folds:
                norm = fold.norm
                mean, variance = norm.running_mean, norm.running_var
                assert mean is not None
                assert variance is not None
                weight, bias = fuse_conv_bn_weights(
                    fold.weight, fold.bias, mean, variance, norm.eps, norm.weight, norm.bias
                )
                fold.convolution.weight.copy_(weight)
                fold.convolution.get_parameter("bias").copy_(bias)

    def _fold(self, model: nn.Module, convolution_name: str, norm_name: str) -> None:
        convolution, norm = model.get_submodule(convolution_name), model.get_submodule(norm_name)
        assert isinstance(convolution, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        self.folds.append(Fold(convolution, norm, convolution.weight, convolution.bias))
        convolution.weight = nn.Parameter(convolution.weight.detach().clone(), requires_grad=False)
        convolution.bias = nn.Parameter(convolution.weight.new_zeros(convolution.out_channels), requires_grad=False)
        parent, _, key = norm_name.rpartition(".")
        model.get_submodule(parent)._modules[key] = nn.Identity()


def _pairs(model: nn.Module, graph: Graph) -> list[tuple[str, str]]:
    """Names of the convolutions and norms that can be folded."""
    modules = dict(model.named_modules())
    calls = Counter(at.module for at in graph if at.kind in ("convolution", "batch_norm"))
    found = []
    for at in graph:
        before = graph.argument(at.index, "input") if at.kind == "batch_norm" else None
        if before is None or before.kind != "convolution" or len(graph.users[before.index]) != 1:
            continue
        convolution, norm = modules.get(before.module), modules.get(at.module)
        alone = calls[before.module] == calls[at.module] == 1 and _is_its_own(graph, before)
        if alone and _is_plain(convolution, nn.Conv2d) and _is_plain(norm, nn.BatchNorm2d) and _evaluates(norm):
            found.append((before.module, at.module))
    return found


def _is_its_own(graph: Graph, convolution: Operation) -> bool:
    """Whether the weights serve this convolution alone, as they are."""
    weight = graph.argument(convolution.index, "weight")
    return weight is not None and weight.kind == "parameter" and len(graph.users[weight.index]) == 1


def _is_plain(module: nn.Module | None, kind: type[nn.Module]) -> bool:
    return type(module) is kind and not module._forward_hooks and not module._forward_pre_hooks


def _evaluates(norm: nn.Module | None) -> bool:
    return isinstance(norm, nn.BatchNorm2d) and not norm.training and norm.running_mean is not None and norm.affine
