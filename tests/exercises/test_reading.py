"""Reading exercises: every wrong choice has its reason, and no message tells the right letter."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from resnetlab.cli import main
from resnetlab.data import digits
from resnetlab.exercises.course import COURSE, file_name, solution, task
from resnetlab.exercises.course.shortcut_ablation.measured import MEASURED
from resnetlab.exercises.workshop import Workshop
from resnetlab.experiments.claims.vanishing_gradients import DEEP
from resnetlab.experiments.fresh_gradients import FreshNetwork, gradient_norms, lost_per_layer
from resnetlab.experiments.ledger import find_claim

ROOT = Path(__file__).parents[2]
READING = [name for name in COURSE if name.startswith("reading_")]
pytestmark = pytest.mark.xdist_group("exercises")


def answer(**letters: object) -> bytes:
    return "".join(f"{name} = {letter!r}\n" for name, letter in letters.items()).encode()


def wrong_letters(name: str) -> dict[str, str]:
    """Of each question a wrong choice that has a reason."""
    edits = [mistake.edits[0] for mistake in task(name).mistakes]
    return {new.split(" = ")[0]: new.split('"')[1] for _, new in edits if "?" not in new}


@pytest.mark.parametrize("name", READING)
def test_two_wrong_choices_are_told_one_by_one(name: str, workshop: Workshop) -> None:
    wrong = wrong_letters(name)
    result = workshop.check(name, answer(**wrong), file_name(name))
    reasons = {mistake.slug: mistake for mistake in task(name).mistakes}
    assert result.mistake is not None
    assert reasons[result.mistake].edits[0][1] == f'FIRST = "{wrong["FIRST"]}"'
    assert result.message.splitlines()[0] == reasons[result.mistake].message
    assert "is meant" not in result.message  # that would be the answer


@pytest.mark.parametrize("question", ["FIRST", "SECOND", "THIRD"])
@pytest.mark.parametrize("nonsense", ["", "d", "ab", 1, None, ["a"]])
def test_what_is_no_letter_is_told(nonsense: object, question: str, workshop: Workshop) -> None:
    letters = importlib.import_module(f"resnetlab.exercises.course.{READING[0]}.task").RIGHT | {question: nonsense}
    result = workshop.check(READING[0], answer(**letters), "answer.py")
    assert (result.passed, result.mistake) == (False, "no-choice")
    assert question in result.message


def test_there_are_questions_with_a_reason_for_every_wrong_choice() -> None:
    assert len(READING) >= 3
    for name in READING:
        slugs = {mistake.slug for mistake in task(name).mistakes} - {"no-choice"}
        assert len(slugs) == 2 * len(task(name).asks)


def test_the_table_of_sizes_is_what_its_command_tells(capsys: pytest.CaptureFixture[str]) -> None:
    rows = re.findall(r"^    (resnet\d+ .+)$", solution("reading_sizes"), re.MULTILINE)
    assert len(rows) == 9
    assert main(["models", "resnet*"]) == 0
    told = [re.sub(r" +yes +", "  ", line).split() for line in capsys.readouterr().out.splitlines()]
    for row in rows:
        name = row.split()[0]
        assert next(line for line in told if line[:1] == [name])[: len(row.split())] == row.split()


def test_the_rows_that_the_table_of_gradients_shows_beside_are_measured() -> None:
    table = solution("reading_gradients")
    for skips, init, activation in ((False, "pytorch", "relu"), (True, "he", "sigmoid")):
        network = FreshNetwork(DEEP, skips, "none", activation, init)
        lost = []
        for seed in range(3):
            torch.manual_seed(seed)
            lost.append(lost_per_layer(gradient_norms(network, digits()).signal))
        kind, at = ("residual", "He") if skips else ("plain", "PyTorch's")
        [percent] = re.findall(rf"{kind}, {activation}, {at} initialisation +(-\d+) %\n", table, re.IGNORECASE)
        assert 100 * np.expm1(-np.mean(lost)) == pytest.approx(float(percent), abs=2)


def test_the_table_of_shortcuts_has_the_numbers_it_claims() -> None:
    shortcuts = solution("reading_shortcuts")
    for option, others in {"B": 3, "C": 3, "plain": 3}.items():
        test = stats.ttest_rel(MEASURED[option], MEASURED["A"])
        low, high = test.confidence_interval(1 - 0.05 / others)
        mean = np.mean(MEASURED[option])
        row = rf"{option} +[\d,]+ +{mean:.2f} +{min(MEASURED[option]):.2f} to {max(MEASURED[option]):.2f} +"
        assert re.search(rf"{row}{mean - np.mean(MEASURED['A']):.2f} +{low:.2f} to {high:.2f}", shortcuts)


def test_the_commands_that_made_the_tables_exist(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    commands = {name: re.findall(r"`resnetlab ([^`]*)`", solution(name)) for name in READING}
    assert all(commands.values())
    for command in (one for found in commands.values() for one in found):
        if command.startswith("lab run "):
            assert find_claim(command.removeprefix("lab run ")).parts
        else:
            assert main(command.replace("'", "").split()) == 0
    assert "25,557,032" in capsys.readouterr().out
