"""What nobody foresaw still fails, and is located: gradient, buffers or mode, on the simplest input that shows it."""

from __future__ import annotations

import pytest

from resnetlab.exercises.course import file_name, solution
from resnetlab.exercises.workshop import Workshop

pytestmark = pytest.mark.xdist_group("exercises")
UNFORESEEN = {
    # exercise: (line of the solution, another one, where, part of the message)
    "gradient_norms": (
        "norms[name] = given[0].norm().item()",
        "norms[name] = given[0].norm().item() * 1.01",
        "gradient",
        "norm at",
    ),
    "loading_a_checkpoint": (
        "    network.load_state_dict(tensors)\n",
        "    network.load_state_dict({k: v * 2 if 'running_var' in k else v for k, v in tensors.items()})\n",
        "buffers",
        "bn1.running_var",
    ),
    "freezing": (
        "        network.get_submodule(part).eval()\n",
        "        network.get_submodule(part).train(part == 'layer2')\n",
        "mode",
        "frozen: layer1, layer2",
    ),
    "pre_activation_block": (
        "+ skip",
        "+ skip * (1 if x.shape[-1] < 5 or self.training else 0.9)",
        "output",
        "x (2, 2, 3, 5) to 2 channels, stride 1, evaluation",
    ),
}


@pytest.mark.parametrize("name", UNFORESEEN)
def test_what_nobody_foresaw_is_located(name: str, workshop: Workshop) -> None:
    line, other, where, told = UNFORESEEN[name]
    assert solution(name).count(line) == 1
    result = workshop.check(name, solution(name).replace(line, other).encode(), file_name(name))
    assert (result.passed, result.mistake, result.where) == (False, None, where), result.message
    assert told in result.message
