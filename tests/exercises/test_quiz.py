"""The quiz: one right answer a question, and every command it points to exists."""

from __future__ import annotations

import importlib
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import tyro

from resnetlab.cli import COMMANDS, main
from resnetlab.core.errors import UnknownNameError
from resnetlab.exercises.course import COURSE, file_name, solution
from resnetlab.exercises.questions import CHECKLIST, QUESTIONS
from resnetlab.exercises.quiz import LETTERS, Question, find_question, judge
from resnetlab.experiments.ledger import find_claim
from resnetlab.specs import find_spec

SHOWN = sorted({*(command for row in QUESTIONS for command in row.shown_by),
                *(command for skill in CHECKLIST for command in skill.commands())})  # fmt: skip
WRONG_IN_TEXTS = {  # what the founding texts get wrong, and the question that says so
    "the gradient is always at least 1": "gradient_through_a_skip",
    "degradation is vanishing gradients": "cause_of_degradation",
    "the linear demo": "what_the_linear_demo_shows",
    "1.2 M against 70 K FLOPs": "what_a_bottleneck_costs",
    "the depth of VGG-16": "depth_beside_vgg",
    "VGG's linear layers": "where_vgg_keeps_its_weights",
    "5.7 times": "fewer_parameters_than_vgg19",
    "top-1 of the paper": "whose_accuracy",
    "option B": "which_option_the_paper_chose",
    "removed during training": "when_blocks_are_removed",
    "all weights zero": "how_to_begin_as_the_identity",
    "covariate shift": "why_batch_norm_works",
    "fusion in training": "what_compilers_fuse",
    "freezing": "freezing_early_layers",
    "the deviation of CIFAR-10": "deviation_of_cifar10",
    "the cosine": "cosine_that_hardly_moves",
    "the test loader": "what_the_notebook_reports",
}


@pytest.mark.parametrize("command", SHOWN)
def test_a_command_that_an_answer_points_to_exists(command: str) -> None:
    program, *words = shlex.split(command)
    assert program == "resnetlab"
    name = next(tuple(words[:length]) for length in (2, 1) if tuple(words[:length]) in COMMANDS)
    module, face = COMMANDS[name][0].split(":")
    kind = getattr(importlib.import_module(f"resnetlab.cli.{module}"), face)
    settings = {}
    flags = words[len(name) :]
    if hasattr(kind, "begin"):
        settings["default"], flags = kind.begin(flags)
    parsed = tyro.cli(kind, args=flags, config=(tyro.conf.FlagCreatePairsOff,), **settings)
    if name[0] == "lab":
        claims = parsed.claims if hasattr(parsed, "claims") else [parsed.claim]
        assert [find_claim(claim).slug for claim in claims] == list(claims) != []
    if name[0] == "models":
        assert main([*words, "--json"]) == 0
    if name == ("exercises", "check"):
        assert parsed.names
        assert set(parsed.names) <= set(COURSE)


def test_every_question_has_one_right_choice_a_reason_for_each_and_something_that_shows_it() -> None:
    assert len({question.slug for question in QUESTIONS}) == len(QUESTIONS)
    for question in QUESTIONS:
        assert [choice.right for choice in question.choices].count(True) == 1
        assert not any(choice.right and choice.taught for choice in question.choices)
        assert all(choice.text and choice.why for choice in question.choices)
        assert question.shown_by


def test_the_right_answer_stands_in_every_place() -> None:
    places = [[choice.right for choice in question.choices].index(True) for question in QUESTIONS]
    assert {0, 1, 2} <= set(places)


def test_the_checklist_has_eight_items() -> None:
    assert len(CHECKLIST) == 8


@pytest.mark.parametrize(("wrong", "slug"), WRONG_IN_TEXTS.items())
def test_a_wrong_answer_that_is_taught_is_explained(wrong: str, slug: str) -> None:
    taught = [choice for choice in find_question(slug).choices if choice.taught]
    assert taught, wrong
    assert all(len(choice.why) > 10 for choice in taught)


def test_numbers_in_answers_are_those_of_the_zoo() -> None:
    counts: dict[str, Any] = {
        name: find_spec(name).expect for name in ("vgg16", "vgg19", "resnet50", "resnext50_32x4d")
    }
    vgg19, resnet50 = counts["vgg19"].params, counts["resnet50"].params
    assert f"{vgg19 / resnet50:.2f}" == "5.62"
    assert f"{counts['vgg16'].macs / 1e9:.2f}" == "15.47"
    assert f"{resnet50 / 1e6:.2f}, {counts['resnext50_32x4d'].params / 1e6:.2f}" == "25.56, 25.03"
    linear = [(512 * 49 + 1) * 4096, (4096 + 1) * 4096, (4096 + 1) * 1000]
    assert [f"{count / 1e6:.2f}" for count in (*linear, sum(linear))] == ["102.76", "16.78", "4.10", "123.64"]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.slug)
def test_an_answer_is_judged_with_its_reason(question: Question, capsys: pytest.CaptureFixture[str]) -> None:
    asked = find_question(question.slug)
    for letter, choice in zip(LETTERS, asked.choices, strict=False):
        judged = judge(asked, letter.upper())
        assert (judged.correct, judged.why) == (choice.right, choice.why)
        assert (judged.right is None) is not choice.right  # a wrong answer does not give the right one away
        assert main(["exercises", "quiz", asked.slug, "--answer", letter]) == (0 if choice.right else 1)
    assert main(["exercises", "quiz", asked.slug, "--show"]) == 0
    assert main(["exercises", "quiz", asked.slug]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "resnetlab" not in line]
    assert max(map(len, lines)) <= 80  # commands are never broken


def test_the_overview_has_everything_and_fits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exercises", "quiz"]) == 0
    said = capsys.readouterr().out
    assert max(len(line) for line in said.splitlines() if "resnetlab" not in line) <= 80
    assert main(["exercises", "quiz", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (len(told["checklist"]), len(told["questions"])) == (8, len(QUESTIONS))
    assert not any("why" in question for question in told["questions"])  # it asks, and does not tell


def test_the_checklist_is_ticked_by_what_has_passed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "my course"
    assert main(["exercises", "start", str(folder)]) == 0
    for name in ("basic_block", "zero_gamma", "resnet50"):
        (folder / file_name(name)).write_text(solution(name), encoding="utf-8")
    assert main(["exercises", "check", str(folder), "basic_block", "zero_gamma", "resnet50"]) == 0
    capsys.readouterr()
    assert main(["exercises", "quiz", "--course", str(folder)]) == 0
    said = capsys.readouterr().out
    assert said.count("[x]") == 1  # of the whole networks one exercise has passed, and counting has not
    assert "[x] write a residual block" in said
    assert f"check '{folder}' basic_block zero_gamma" in said
    assert main(["exercises", "quiz", "--course", str(folder), "--json"]) == 0
    proved = [skill["proved"] for skill in json.loads(capsys.readouterr().out)["checklist"]]
    assert proved == [False, True, False, False, False, False, False, False]
    assert main(["exercises", "quiz", "1", "--course", str(folder)]) == 2
    assert main(["exercises", "quiz", "--course", str(tmp_path)]) == 2


def test_what_does_not_exist_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnknownNameError, match="1 to"):
        find_question("99")
    for wrong in (["which_option"], ["1", "--answer", "z"], ["1", "--answer", ""], ["--answer", "a"]):
        assert main(["exercises", "quiz", *wrong]) == 2
        said = capsys.readouterr().err.rstrip().splitlines()
        assert 1 <= len(said) <= 3
