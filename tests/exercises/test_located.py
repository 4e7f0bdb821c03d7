"""What nobody foresaw still fails, and is located: gradient, buffers or mode, on the simplest input that shows it."""

from __future__ import annotations

import itertools
import random

import pytest

from resnetlab.exercises.course import COURSE, check_of, file_name, solution
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


@pytest.mark.parametrize("name", [name for name in COURSE if not check_of(name).of_questions])
def test_what_is_told_of_a_case_names_whatever_makes_it(name: str) -> None:
    check, chance = check_of(name), random.Random(0)
    cases = [{key: chance.choice(values) for key, values in check.space.items()} | {"seed": 1} for _ in range(50)]
    for key, values in check.space.items():
        for one, other in itertools.combinations(dict.fromkeys(values), 2):
            told = [(check.told({**case, key: one}), check.told({**case, key: other})) for case in cases]
            assert any(first != second for first, second in told), (key, one, other)
