"""Classes are matched by name: the same set in another order is reordered, anything else is refused."""

from __future__ import annotations

import random

import pytest

from resnetlab.actions.networks.class_order import match_classes, place_classes
from resnetlab.core.errors import ResnetlabError

CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def test_the_same_names_in_the_same_order_need_no_word() -> None:
    assert match_classes(CIFAR, CIFAR, 10) == (list(range(10)), None)


@pytest.mark.parametrize("seed", range(20))
def test_every_permutation_is_undone_by_name(seed: int) -> None:
    shuffled = random.Random(seed).sample(CIFAR, 10)
    order, remark = match_classes(shuffled, CIFAR, 10)
    assert [shuffled[place] for place in order] == list(CIFAR)
    assert remark is not None
    assert "matched by name" in remark


def test_case_and_joining_signs_make_no_difference() -> None:
    assert match_classes(("Tabby_cat", "T-shirt/top"), ("tabby cat", "t shirt/top"), 2) == ([0, 1], None)


REFUSED = {
    "one other name": (("cat", "dog"), ("cat", "cow"), 2, "only the network has dog; only the data has cow"),
    "fewer in the data": (("cat", "dog"), ("cat",), 2, "only the network has dog"),
    "more in the data": (("cat",), ("cat", "dog"), 1, "only the data has dog"),
    "many others": (CIFAR, tuple("abcdefghij"), 10, "airplane, automobile, bird, cat and 6 more"),
    "numbers for names": (CIFAR, tuple("0123456789"), 10, "only the data has 0, 1, 2, 3 and 6 more"),
    "shared names in another order": (("crane", "crane", "cat"), ("cat", "crane", "crane"), 3, "some share a name"),
    "another count, no names": (None, CIFAR, 1000, "1000 outputs, and the data has 10 classes"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_classes_are_refused(name: str) -> None:
    ours, theirs, outputs, said = REFUSED[name]
    with pytest.raises(ResnetlabError) as caught:
        match_classes(ours, theirs, outputs)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3


def test_shared_names_in_the_same_order_are_fine() -> None:
    assert match_classes(("crane", "cat", "crane"), ("crane", "cat", "crane"), 3) == ([0, 1, 2], None)


def test_a_network_without_names_is_taken_in_the_datas_order_and_says_so() -> None:
    order, remark = match_classes(None, CIFAR, 10)
    assert order == list(range(10))
    assert remark is not None
    assert "names no classes" in remark


@pytest.mark.parametrize("seed", range(10))
def test_data_that_lacks_classes_finds_its_own_by_name_and_the_others_follow(seed: int) -> None:
    some = random.Random(seed).sample(CIFAR, 4)
    places = place_classes(CIFAR, some, 10)
    assert list(places.names[:4]) == some
    assert sorted(places.names) == sorted(CIFAR)
    assert [CIFAR[at] for at in places.order] == list(places.names)
    assert places.remark is not None
    assert "the data has 4 of the network's 10 classes" in places.remark


NOT_SOME = {name: REFUSED[name] for name in REFUSED if name != "fewer in the data"} | {
    "one of them is another's": (CIFAR, ("cat", "cow"), 10, "only the data has cow"),
    "a name that two outputs have": (("crane", "crane", "cat"), ("crane",), 3, "differ in their classes"),
}


@pytest.mark.parametrize("name", NOT_SOME)
def test_data_that_has_others_is_refused_all_the_same(name: str) -> None:
    ours, theirs, outputs, said = NOT_SOME[name]
    with pytest.raises(ResnetlabError, match=said):
        place_classes(ours, theirs, outputs)


def test_all_of_them_are_matched_as_ever() -> None:
    places = place_classes(CIFAR, CIFAR[::-1], 10)
    assert (places.order, places.remark) == match_classes(CIFAR, CIFAR[::-1], 10)
    assert places.names == CIFAR[::-1]
