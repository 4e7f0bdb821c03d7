"""Probes during training: every so many steps, what each layer puts out and what gradient comes back to it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnetlab.actions.runs.records import JsonLines
from resnetlab.analysis import read_gradients, read_signal
from resnetlab.analysis.gradients import LayerGradient, probe_both_ways
from resnetlab.analysis.signal import LayerSignal
from resnetlab.training.loop import PLAIN, Loss, seed_step
from resnetlab.training.precision import Choice, at_least_float32

ONE_IN = 8  # images read of a batch: means and norms carry little error, and reading costs a sixth of a step


class Probes:
    """Looks at every layer, forward and backward, on the batch that is about to be trained on; changes nothing.

    The weights, their gradients, buffers, modes and every random state are afterwards what they were, so training
    goes on to the same bits. It costs a step and a bit, each time.

    Args:
        folder: of the run, for probes.jsonl; None on other ranks than 0, which run along where batch statistics are
            synchronised and write nothing.
        every: steps from one look to the next, the first step among them.
        loss: scalar of (logits, labels), as it is trained with.
        step: the last one that is done; what an interrupted run has written after it is dropped.
        choice: in which numbers a step is computed; a look is computed in the same.
        seed: as of `StepRule`, so that a look meets the blocks that the step will use.
    """

    def __init__(
        self,
        folder: Path | None,
        every: int,
        loss: Loss,
        step: int = 0,
        choice: Choice = PLAIN,
        seed: tuple[int, int] | None = None,
    ) -> None:
        self.every, self.loss, self.choice, self.seed = every, loss, choice, seed
        self.lines = None if folder is None else _lines_until(folder / "probes.jsonl", step)

    def is_due(self, step: int) -> bool:
        """Whether this step, counted from 1, is one to look at."""
        return not (step - 1) % self.every

    def on_batch(
        self, model: nn.Module, images: Float[Tensor, "n c h w"], labels: Tensor, step: int, scale: float = 1.0
    ) -> None:
        """Called before the step is taken.

        Args:
            model: the network itself, not what wraps it, in the mode it trains in; where `model.compile()` compiled
                it, the probe runs it uncompiled, for compiled code calls no hooks.
            images: (N, C, H, W), as the network is given them.
            labels: (N,) class numbers or (N, classes) shares.
            step: its number, from 1.
            scale: of the loss, without which float16 would lose small gradients; what is written is without it.
        """
        if not self.is_due(step):
            return

        def loss(logits: Tensor) -> Tensor:
            return self.loss(at_least_float32(logits), labels) * scale

        with random_states_kept(), uncompiled(model), self.choice.autocast():
            seed_step(self.seed, step - 1)
            probe = probe_both_ways(model, images, loss, ONE_IN)
            signal, gradients = read_signal(probe), read_gradients(probe)
        if self.lines is None:
            return
        layers = zip(signal.layers, gradients.layers, strict=True)
        self.lines.write(
            {
                "step": step,
                "images": signal.sample.images,
                "batch": signal.sample.batch,
                "layers": [_row(forward, backward, scale) for forward, backward in layers],
            }
        )
        self.lines.length()

    def close(self) -> None:
        """Close the file."""
        if self.lines is not None:
            self.lines.close()


@contextmanager
def random_states_kept() -> Iterator[None]:
    """Gives the random states of Python, NumPy and PyTorch, on every device, back as they were."""
    python, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002, a user's module may draw from it
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(of_numpy)  # noqa: NPY002


@contextmanager
def uncompiled(model: nn.Module) -> Iterator[None]:
    """Lets a module and its parts run as they are written, though `compile()` was called on them."""
    compiled = [(module, call) for module in model.modules() if (call := module._compiled_call_impl) is not None]
    for module, _ in compiled:
        module._compiled_call_impl = None
    try:
        yield
    finally:
        for module, call in compiled:
            module._compiled_call_impl = call


def _lines_until(path: Path, step: int) -> JsonLines:
    """The file without what stands in it of later steps."""
    lines = JsonLines(path)
    whole = (line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n"))
    lines.truncate(sum(len(line) for line in whole if json.loads(line)["step"] <= step))
    return lines


def _row(forward: LayerSignal, backward: LayerGradient, scale: float) -> dict[str, Any]:
    gradient, of_parameters = (
        None if norm is None else norm / scale for norm in (backward.output_norm, backward.parameter_norm)
    )
    return {
        "name": forward.name if forward.call == 1 else f"{forward.name} (call {forward.call})",
        "kind": forward.kind,
        "mean": forward.mean,
        "std": forward.std,
        "dead": forward.dead_fraction,
        "gradient": gradient,
        "parameter_gradient": of_parameters,
    }
