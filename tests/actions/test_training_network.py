"""What cannot be trained is told before any image is read: by size, channels, outputs; what is let through trains."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from torch import nn

from resnetlab import create_model
from resnetlab.actions import train as training
from resnetlab.actions.runs.network import refuse_what_cannot_be_trained
from resnetlab.core.errors import OutputError, ResnetlabError

STEMS = {
    "resnet20": {"width": 4},
    "resnet18": {"width": 4},
    "resnet18d": {"width": 4},
    "preact_resnet18": {"width": 4},
    "regnet_x_400mf": {},
    "vgg11_bn": {},
    "densenet121": {},
    "efficientnet_b0": {},
}
SHORT, ALL = (1, 2, 7, 8, 31, 32, 33, 64), range(1, 65)
IMAGES = 2
REMEDIES = ("smallest legal size", "give --batch-size 2 or more")


def is_let_through(model: nn.Module, size: int, images: int = IMAGES) -> bool:
    try:
        refuse_what_cannot_be_trained(model, (images, 3, size, size), 10)
    except ResnetlabError as refusal:
        return not any(remedy in str(refusal) for remedy in REMEDIES)
    return True


def mid_run_failures(name: str, sizes: Iterable[int]) -> list[int]:
    """Sizes that were let through and then could not be trained, and those refused that could have been."""
    model = create_model(name, 10, **STEMS[name]).train()
    failures = []
    for size in sizes:
        try:
            model(torch.zeros(IMAGES, 3, size, size)).sum().backward()
            trains = True
        except (ResnetlabError, ValueError, RuntimeError):
            trains = False
        if trains != is_let_through(model, size):
            failures.append(size)
    return failures


@pytest.mark.parametrize("name", STEMS)
def test_no_size_fails_in_training_that_was_let_through(name: str) -> None:
    assert mid_run_failures(name, SHORT) == []


@pytest.mark.full
@pytest.mark.parametrize("name", STEMS)
def test_none_of_64_sizes_fails_in_training_that_was_let_through(name: str) -> None:
    assert mid_run_failures(name, ALL) == []


def test_one_image_is_refused_where_a_batch_norm_would_see_one_value() -> None:
    model = create_model("resnet18", 10, width=4)
    assert not is_let_through(model, 32, images=1)
    assert is_let_through(model, 64, images=1)
    assert is_let_through(create_model("vgg11", 10), 32, images=1)


def test_the_network_itself_is_not_touched() -> None:
    model = create_model("resnet20", 10, width=4).eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    refuse_what_cannot_be_trained(model, (2, 3, 32, 32), 10)
    assert not model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_other_channels_and_other_outputs_are_told() -> None:
    model = create_model("resnet20", 10, width=4)
    with pytest.raises(ResnetlabError, match="cannot take images of 1×32×32"):
        refuse_what_cannot_be_trained(model, (2, 1, 32, 32), 10)
    with pytest.raises(ResnetlabError, match="the data has 5 classes"):
        refuse_what_cannot_be_trained(model, (2, 3, 32, 32), 5)


@pytest.mark.parametrize("place", ["/proc/run", "/dev/null/run"])
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_read(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "prepare", lambda *given: pytest.fail("the data was read first"))
    with pytest.raises(OutputError, match="cannot be written"):
        training.train("resnet20", "digits", output=Path(place))
