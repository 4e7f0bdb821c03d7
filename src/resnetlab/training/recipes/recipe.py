"""What a recipe is: a configuration with its source, what comes out, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass

from resnetlab.training.config import Config


@dataclass(frozen=True)
class Recipe:
    """A way of training that has a name.

    Args:
        name: by which `--recipe` takes it.
        source: paper and place, or the program that it follows.
        config: how a network is trained.
        model: the reference of the network that it was made for.
        data: the reference of the data likewise.
        expected: the figure that its source tells, or that was measured.
        cost: what it takes.
        deviations: where it departs from its source, a sentence each.
    """

    name: str
    source: str
    config: Config
    model: str
    data: str
    expected: str
    cost: str
    deviations: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """What gives the expected figure."""
        verb = "finetune" if "@" in self.model else "train"
        return f"resnetlab {verb} --model {self.model} --data {self.data} --recipe {self.name}"
