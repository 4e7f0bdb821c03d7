"""`torch.compile` fuses convolution, batch norm and ReLU into one kernel and is 10 % faster or more.

A tutorial promises it: one kernel in place of three, and 10 to 30 % less time. What can be fused depends on the mode:
in training batch norm needs the mean of what the convolution has put out before it can normalise any of it.

Protocol: convolution (3×3, 32 channels), batch norm and ReLU, compiled for this processor by TorchInductor, in
training mode with the way back, in evaluation mode, and in evaluation mode with its option `freezing`, which folds the
batch norm into the weights. Kernels are counted in the program that it writes: those that it generates and the calls
of library functions, of the way forward; weights and images lie in memory channels last, so that none is spent on
changing that. Then four such layers in a row, on 64 images of 16×16: a training step, forward and backward, and a pass
in evaluation mode, compiled and not in turn, 15 pairs, in processor time of one thread, so that other work on the
machine counts little; what noise is left is in the interval over five runs. The claim rests on what it says of
training: one kernel, and 10 % less time.

What this does not show: graphics cards, where kernels are launched and fused otherwise, other shapes and other
versions of PyTorch, which the page names. The time that compiling takes, seconds to minutes, is not counted.
"""

from __future__ import annotations

import math
import re
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from resnetlab.core.errors import ResnetlabError
from resnetlab.experiments.base import Arm, Claim, Exact, Kind, Measures, Outcome, Part, Results, Run
from resnetlab.experiments.statistics import default_verdict
from resnetlab.experiments.tiers import NATURAL
from resnetlab.pages.figures import strips

CHANNELS, SIDE, IMAGES, LAYERS = 32, 16, 64, 4
PAIRS, WARM_UP, SEEDS = 15, 3, 5
TRAINING, EVALUATION, FROZEN = "training", "evaluation", "evaluation, frozen"
GENERATED = re.compile(r"async_compile\.cpp_pybinding\(")
LIBRARY = re.compile(r"= (extern_kernels\.\w+|torch\.ops\.mkldnn\.[\w.]+)\(")
TIMED = {TRAINING: "log_training", EVALUATION: "log_evaluation"}


def layers(count: int) -> nn.Sequential:
    """Convolution, batch norm and ReLU, `count` times."""
    modules: list[nn.Module] = []
    for _ in range(count):
        convolution = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False)
        modules += [convolution, nn.BatchNorm2d(CHANNELS), nn.ReLU()]
    return nn.Sequential(*modules).to(memory_format=torch.channels_last)


def pictures() -> Tensor:
    """In the order of memory that convolutions like, so that no kernel is spent on changing it."""
    return torch.randn(IMAGES, CHANNELS, SIDE, SIDE).contiguous(memory_format=torch.channels_last)


def measure_kernels(run: Run) -> Measures:
    """How many kernels the way forward has, counted in the program that is written for it."""
    from torch._inductor.utils import run_and_get_code

    refuse_without_compiler()
    model, images = layers(1), pictures()
    trains = run.arm.name == TRAINING
    compiled = fresh(model.train(trains))
    with ExitStack() as stack:
        stack.enter_context(torch._inductor.config.patch(force_disable_caches=True, freezing=run.arm.name == FROZEN))
        if not trains:
            stack.enter_context(torch.no_grad())
        _, programs = run_and_get_code(partial(step if trains else passed, compiled), images)
    return {"generated": len(GENERATED.findall(programs[0])), "library": len(LIBRARY.findall(programs[0]))}


def measure_time(run: Run) -> Measures:
    """The time of a training step and of a pass in evaluation mode, not compiled over compiled."""
    refuse_without_compiler()
    model, images = layers(LAYERS), pictures()
    trained = log_ratio(model.train(), step, images)
    with torch.no_grad():
        evaluated = log_ratio(model.eval(), passed, images)
    return {"log_training": trained, "log_evaluation": evaluated}


def log_ratio(model: nn.Module, work: Callable[[Any, Tensor], object], images: Tensor) -> float:
    compiled, spent = fresh(model), {False: 0.0, True: 0.0}
    for pair in range(-WARM_UP, PAIRS):
        for fused in (False, True):
            started = time.process_time()
            work(compiled if fused else model, images)
            spent[fused] += time.process_time() - started if pair >= 0 else 0.0
    return math.log(spent[False] / spent[True])


def fresh(model: nn.Module) -> Any:
    """The model compiled, as if nothing had been before."""
    torch._dynamo.reset()
    return torch.compile(model)


def step(model: Any, images: Tensor) -> None:
    model(images).square().mean().backward()


def passed(model: Any, images: Tensor) -> Tensor:
    output: Tensor = model(images)
    return output


def refuse_without_compiler() -> None:
    """TorchInductor writes C++ for a processor.

    Raises:
        ResnetlabError: there is no compiler for it.
    """
    if not any(map(shutil.which, ("g++", "clang++"))):
        raise ResnetlabError("there is no g++ or clang++, without which torch.compile cannot write for a processor")


def is_one_kernel(mode: str, results: Results) -> Outcome:
    found = results.one(mode)
    generated, library = int(found["generated"]), int(found["library"])
    return Outcome(generated + library == 1, f"{generated} generated and {library} of a library", "1 in all")


def log_ratios(of: str, results: Results) -> list[float]:
    return [float(value) for value in results.values("time", of)]


FUSES, FASTER = "in training one kernel computes all three", "a training step takes 10 % less time"
FASTER_TOO = "a pass in evaluation mode takes 10 % less time"
PARTS: tuple[Part | Exact, ...] = (
    Exact(FUSES, partial(is_one_kernel, TRAINING), NATURAL),
    Exact("in evaluation mode one kernel computes all three", partial(is_one_kernel, EVALUATION), NATURAL),
    Exact("in evaluation mode with freezing one kernel does", partial(is_one_kernel, FROZEN), NATURAL),
    *(
        Part(name, partial(log_ratios, of), -math.log(0.9), "ln (time as it is / compiled)", tiers=NATURAL)
        for name, of in zip((FASTER, FASTER_TOO), TIMED.values(), strict=True)
    ),
)


def finding(results: Results) -> str:
    counts = {mode: results.one(mode) for mode in (TRAINING, EVALUATION, FROZEN)}
    told = ", ".join(
        f"{at['generated']:.0f} generated and {at['library']:.0f} called in {m}" for m, at in counts.items()
    )
    trained, evaluated = (math.exp(results.values("time", of).mean()) for of in TIMED.values())
    return (
        f"Kernels of the way forward: {told}. Uncompiled, a training step takes {trained:.2f} times as long as "
        f"compiled, and a pass in evaluation mode {evaluated:.2f} times (PyTorch {torch.__version__})."
    )


def figure(results: Results) -> Figure:
    groups = {name: results.values("time", of) for name, of in TIMED.items()}
    return strips(groups, y="ln (time as it is / compiled)", threshold=-math.log(0.9))


CLAIM = Claim(
    slug="compile_fusion",
    doc=__doc__,
    source="tutorials on torch.compile",
    kinds=(Kind.EXACT,),
    tiers=NATURAL,
    arms=(
        *(Arm(mode, measure=measure_kernels, tiers=NATURAL) for mode in (TRAINING, EVALUATION, FROZEN)),
        Arm("time", seeds=SEEDS, measure=measure_time, tiers=NATURAL),
    ),
    parts=PARTS,
    figure=figure,
    rule=partial(default_verdict, decides=(FUSES, FASTER)),
    finding=finding,
)
