"""The matrix: every known mistake fails and is named, no right solution fails."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from resnetlab.exercises.course import COURSE, file_name, solution, task
from resnetlab.exercises.exercise import blank_lines, mistaken, stub_of
from resnetlab.exercises.workshop import Workshop

RIGHT = Path(__file__).parent / "right"
MISTAKES = [(name, mistake.slug) for name in COURSE for mistake in task(name).mistakes]
VARIATIONS = [(name, file.stem) for name in COURSE for file in sorted((RIGHT / name).glob("*.py"))]
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(1, 6))]
pytestmark = pytest.mark.xdist_group("exercises")  # they share a warm process


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "slug"), MISTAKES)
def test_a_known_mistake_fails_and_is_named(name: str, slug: str, seed: int, workshop: Workshop) -> None:
    mistake = next(mistake for mistake in task(name).mistakes if mistake.slug == slug)
    answer = mistaken(solution(name), mistake).encode()
    result = workshop.check(name, answer, file_name(name), seed)
    assert (result.passed, result.mistake) == (False, slug), result.message
    assert result.message.startswith(mistake.message)
    assert result.where


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "variation"), VARIATIONS)
def test_a_right_solution_passes(name: str, variation: str, seed: int, workshop: Workshop) -> None:
    answer = (RIGHT / name / f"{variation}.py").read_bytes()
    result = workshop.check(name, answer, file_name(name), seed)
    assert result.passed, result.message


IN_OTHER_WORDS = [
    # exercise, one of its right variations, what is changed in it, the mistake that this is
    ("convolution_by_unfold", "einsum", " + bias.view(1, -1, 1, 1)", "", "no-bias"),
    ("convolution_by_unfold", "strided_views", "[padding] * 4", "[0, 2 * padding] * 2", "padding-on-one-side"),
    ("convolution_by_unfold", "loops", "weight[:, :, i, j]", "weight[:, :, j, i]", "kernel-transposed"),
    ("batch_norm", "var_mean", "lerp_(mean.data, momentum)", "lerp_(mean.data, 1 - momentum)", None),
    ("batch_norm", "var_mean", ".data, momentum)", ".data, 1 - momentum)", "momentum-the-wrong-way-round"),
    ("batch_norm", "channel_rows", "squares.detach() / (m - 1)", "squares.detach() / m", "biased-running-variance"),
    (
        "residual_addition",
        "torch_add",
        "torch.add(x, branch(x)).clamp(min=0)",
        "branch(x).clamp(0) + x",
        "relu-before-the-addition",
    ),
    (
        "residual_addition",
        "torch_add",
        "return torch.add(x, branch(x)).clamp(min=0)",
        "y = branch(x)\n    y.flatten(1).add_(x.flatten(1))  # a view\n    return y.clamp(min=0)",
        "sum-in-place",
    ),
    ("basic_block", "torchvision_style", "return self.relu(out)", "return out", "relu-missing-after-the-addition"),
    (
        "loading_a_checkpoint",
        "three_functions",
        ' if "num_batches_tracked" not in name',
        "",
        "counters-expected",
    ),
    (
        "loading_a_checkpoint",
        "three_functions",
        'if parts[0] == "module":\n        parts = parts[1:]',
        "parts = parts[1:]",
        "prefix-expected",
    ),
    ("bottleneck", "torchvision_style", "kernel_size=3, stride=stride", "kernel_size=3", None),
    ("cifar_resnet20", "one_sequential", "[(1, 2, 2),", "[(1, 2, 1),", None),
]


@pytest.mark.parametrize(("name", "variation", "right", "wrong", "slug"), IN_OTHER_WORDS)
def test_a_mistake_is_recognised_in_code_that_is_written_otherwise_and_half_a_mistake_is_not(
    name: str, variation: str, right: str, wrong: str, slug: str | None, workshop: Workshop
) -> None:
    source = (RIGHT / name / f"{variation}.py").read_text(encoding="utf-8")
    assert right in source
    result = workshop.check(name, source.replace(right, wrong).encode(), file_name(name))
    assert (result.passed, result.mistake in (slug, "raises" if slug is None else slug)) == (False, True), result


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", COURSE)
def test_the_worked_solution_passes(name: str, seed: int, workshop: Workshop) -> None:
    result = workshop.check(name, solution(name).encode(), file_name(name), seed)
    assert result.passed, result.message


@pytest.mark.parametrize("name", COURSE)
def test_a_stub_has_at_most_forty_lines_to_fill_in_and_does_not_tell_them(name: str) -> None:
    stub = stub_of(solution(name))
    assert 0 < blank_lines(solution(name)) <= 40
    assert "raise NotImplementedError" in stub
    compile(stub, name, "exec")


@pytest.mark.parametrize("name", COURSE)
def test_an_exercise_has_six_mistakes_or_more_and_three_right_variations(name: str) -> None:
    slugs = [mistake.slug for mistake in task(name).mistakes]
    assert len(slugs) == len(set(slugs)) >= 6
    assert task(name).name == name
    variations = [(RIGHT / name / f"{variation}.py").read_text() for one, variation in VARIATIONS if one == name]
    assert len(variations) >= 3
    assert all(one != other for one, other in itertools.combinations([*variations, solution(name)], 2))
