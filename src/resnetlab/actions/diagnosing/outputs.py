"""The logits in whatever a network gives: alone, or in a tuple, dictionary or object beside auxiliary outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from resnetlab.analysis.tracing import tensors_in
from resnetlab.core.errors import ResnetlabError


class LogitsTaken:
    """Takes the logits out of every output of a network, and remembers what it left.

    Args:
        classes: of the data, where they are known; of several matrices the first of as many columns is then taken.

    Attributes:
        left: the other tensors of the last pass.
        told: whether the network trained → what was taken, a sentence.
    """

    def __init__(self, classes: int | None = None) -> None:
        self.classes = classes
        self.left: tuple[Tensor, ...] = ()
        self.told: dict[bool, str] = {}

    @contextmanager
    def on(self, model: nn.Module) -> Iterator[None]:
        """Inside the block the model gives logits alone, and images that it writes over are copies.

        Copies of the model share both hooks; none outlives the block.
        """
        handles = (
            model.register_forward_pre_hook(lambda module, inputs: tuple(map(_own_copy, inputs))),
            model.register_forward_hook(lambda module, _, output: self._take(module, output)),
        )
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
            self.left = ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was taken, a sentence for each mode in which the network gives more than logits."""
        usual = self.told.get(False)
        training = self.told.get(True)
        alike = usual is not None and training is not None and training.replace(" in training mode", "") == usual
        return tuple(one for one in (usual, None if alike else training) if one is not None)

    def _take(self, module: nn.Module, output: Any) -> Tensor:
        """The logits of one pass.

        Raises:
            ResnetlabError: there are none.
        """
        if isinstance(output, Tensor):
            self.left = ()
            return refuse_no_logits(output, output)
        found = output if isinstance(output, Mapping | tuple | list) else getattr(output, "__dict__", {})
        tensors = tuple(tensors_in(found))
        logits, which = self._chosen(found, output, tensors)
        refuse_no_logits(logits, output)
        assert logits is not None
        self.left = tuple(one for one in tensors if one is not logits)
        when = " in training mode" if module.training else ""
        others = {0: "", 1: "; another tensor is not"}.get(len(self.left), f"; {len(self.left)} other tensors are not")
        self.told[module.training] = (
            f"the network gives {_with_article(type(output).__name__)}{when}; its {which} looked at{others}"
        )
        return logits

    def _chosen(self, found: Any, output: Any, tensors: tuple[Tensor, ...]) -> tuple[Tensor | None, str]:
        named = found.get("logits") if isinstance(found, Mapping) else getattr(output, "logits", None)
        if isinstance(named, Tensor):
            return named, "logits are"
        matrices = [one for one in tensors if is_logits(one)]
        fitting = [one for one in matrices if one.shape[1] == self.classes]
        if fitting and fitting[0] is not matrices[0]:
            return fitting[0], f"matrix of {self.classes} columns, as many as the data has classes, is"
        return next(iter(matrices), None), "first matrix is"


def _own_copy(given: Any) -> Any:
    return given.clone() if isinstance(given, Tensor) else given


def _with_article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "AEIOUaeiou" else f"a {kind}"


def is_logits(tensor: Tensor) -> bool:
    """Whether it can be a number for each image and class."""
    return tensor.dim() == 2 and tensor.is_floating_point() and tensor.shape[1] > 1


def refuse_no_logits(logits: Tensor | None, output: Any) -> Tensor:
    """Pass what can be logits.

    Args:
        logits: taken for such.
        output: in which they were found.

    Raises:
        ResnetlabError: they cannot.
    """
    if logits is None or not is_logits(logits):
        shape = f"a tensor of shape {tuple(logits.shape)}" if logits is not None else f"a {type(output).__name__}"
        raise ResnetlabError(
            f"the network is no classifier: it gives {shape}, not a number for each image and class\n"
            "give a module whose forward(images) gives logits of shape (images, classes)"
        )
    return logits
