"""Flags override what a network's card says, and what nobody says is assumed aloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from resnetlab.actions.networks.options import ModelOptions, preprocessing_text
from resnetlab.actions.networks.settings import EvalSettings, PredictSettings
from resnetlab.core.errors import ResnetlabError
from resnetlab.specs import find_spec
from resnetlab.specs.card import ModelCard
from resnetlab.specs.preprocessing import IMAGENET, Preprocessing

FASHION = Preprocessing(28, 28, (0.286,), (0.353,))
CARD = ModelCard(preprocessing=IMAGENET, assumptions=("one",))


def test_without_flags_the_card_stays_as_it_is() -> None:
    assert ModelOptions().apply(CARD) == CARD
    assert ModelOptions().apply(CARD, usual=FASHION) == CARD


def test_flags_override_the_card_one_by_one() -> None:
    how = ModelOptions(mean=(0.5, 0.5, 0.5), interpolation="bicubic").apply(CARD).preprocessing
    assert how == Preprocessing(224, 256, (0.5, 0.5, 0.5), IMAGENET.std, "bicubic")


def test_another_size_keeps_the_proportion_of_the_cut() -> None:
    assert ModelOptions(size=448).apply(CARD).preprocessing == Preprocessing(448, 512, IMAGENET.mean, IMAGENET.std)
    assert ModelOptions(size=448, resize=448).apply(CARD).preprocessing == Preprocessing(
        448, 448, IMAGENET.mean, IMAGENET.std
    )


ASSUMED = {
    "resnet50": Preprocessing(224, 256, IMAGENET.mean, IMAGENET.std),
    "resnet20": Preprocessing(32, 32, IMAGENET.mean, IMAGENET.std),
    "resnet50[input_size=288]": Preprocessing(288, 329, IMAGENET.mean, IMAGENET.std),
}


@pytest.mark.parametrize("reference", ASSUMED)
def test_what_nobody_says_is_assumed_aloud(reference: str) -> None:
    name, _, fields = reference.rstrip("]").partition("[")
    spec = find_spec(name).with_fields(**dict([fields.split("=")] if fields else []))
    card = ModelOptions().apply(ModelCard(spec))
    assert card.preprocessing == ASSUMED[reference]
    assert [preprocessing_text(ASSUMED[reference]) in said for said in card.assumptions] == [True]


def test_the_datas_own_way_is_assumed_before_imagenets() -> None:
    card = ModelOptions().apply(ModelCard(), usual=FASHION)
    assert card.preprocessing == FASHION
    assert "nothing tells its preprocessing" in card.assumptions[0]


def test_what_is_told_in_full_is_no_assumption() -> None:
    assert ModelOptions(size=32, mean=(0.5,), std=(0.5,)).apply(ModelCard()).assumptions == ()


def test_class_names_are_read_a_line_each(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("tabby cat\n\n  naïve fish \n", encoding="utf-8")
    assert ModelOptions(classes=tmp_path / "names.txt").apply(CARD).classes == ("tabby cat", "naïve fish")


def test_a_mark_of_byte_order_is_no_part_of_a_name(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("cat\ndog\n", encoding="utf-8-sig")
    assert ModelOptions(classes=tmp_path / "names.txt").apply(CARD).classes == ("cat", "dog")


def test_channels_may_come_in_any_sequence() -> None:
    options = ModelOptions(mean=[0.5, 0.5, 0.5], std=[0.25, 0.25, 0.25])  # type: ignore[arg-type]  # lists
    assert options.apply(CARD).preprocessing == Preprocessing(224, 256, (0.5,) * 3, (0.25,) * 3)


def test_names_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    reasons = {"binary": "not UTF-8", "gone": "No such file", "x" * 300: "name too long", "a\0b": "null byte"}
    for file, why in ((tmp_path / name, why) for name, why in reasons.items()):
        with pytest.raises(ResnetlabError, match=why):
            ModelOptions(classes=file).apply(CARD)


IMPOSSIBLE = {
    "--size 0": lambda: ModelOptions(size=0),
    "--resize -1": lambda: ModelOptions(resize=-1),
    "resize=100": lambda: ModelOptions(resize=100).apply(CARD),
    "give --std with 1 numbers": lambda: ModelOptions(mean=(0.5,)).apply(CARD),
    "give --mean with 1 numbers": lambda: ModelOptions(std=(0.5,)).apply(CARD),
    "std=": lambda: ModelOptions(std=(0.5, 0.5, 0.0)).apply(CARD),
    "--batch-size 0": lambda: EvalSettings(batch_size=0),
    "--top 0": lambda: PredictSettings(top=0),
    "--seed -1": lambda: PredictSettings(seed=-1),
}


@pytest.mark.parametrize("said", IMPOSSIBLE)
def test_impossible_values_are_refused(said: str) -> None:
    with pytest.raises(ResnetlabError) as caught:
        IMPOSSIBLE[said]()
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3
