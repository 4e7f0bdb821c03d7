"""The sections that change a network to see what it does without: on a network trained for seconds on the digits."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from diagnosing import diagnose
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab import create_model
from resnetlab.actions.diagnosing import landscape as diagnose_landscape
from resnetlab.actions.diagnosing import memory as diagnose_memory
from resnetlab.actions.diagnosing.attribution import attribution_section
from resnetlab.actions.diagnosing.cost import affordable
from resnetlab.actions.diagnosing.diagnosis import Section, Subject
from resnetlab.actions.diagnosing.landscape import fast_settings, landscape_section
from resnetlab.actions.diagnosing.lesions import IDLE, lesions_section
from resnetlab.actions.diagnosing.memory import too_little_for_hessian
from resnetlab.actions.diagnosing.parts import PARTS
from resnetlab.actions.diagnosing.paths import paths_section
from resnetlab.actions.diagnosing.shattering import shattering_section
from resnetlab.analysis import count_macs
from resnetlab.analysis.shattering import NO_GRADIENT
from resnetlab.core.errors import ResnetlabError
from resnetlab.pages.svg import figure_svg

STEPS, BATCH = 60, 128


def digits() -> tuple[Tensor, Tensor]:
    data = load_digits()
    images = torch.tensor(data.images, dtype=torch.float32)[:, None] / 16
    return (images - images.mean()) / images.std(), torch.tensor(data.target)


@pytest.fixture(scope="module")
def subject() -> Subject:
    """A residual network of six blocks that is right on most digits, and 64 digits that it has not seen."""
    torch.manual_seed(0)
    images, labels = digits()
    model = create_model("resnet20", 10, 1, width=8, depths=(2, 2, 2)).train()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(STEPS):
        chosen = torch.randint(1000, (BATCH,))
        optimiser.zero_grad()
        F.cross_entropy(model(images[chosen]), labels[chosen]).backward()
        optimiser.step()
    optimiser.zero_grad()
    names = tuple(map(str, range(10)))
    return Subject("resnet20", "digits", model.eval(), images[1000:1064], labels[1000:1064], names, 64, 0, True)


def checked(section: Section) -> Section:
    """The section, whose numbers are ready for JSON, figures can be drawn and rows are as wide as their heads."""
    json.dumps(section.numbers, allow_nan=False)
    for one in section.figures:
        assert figure_svg(one.figure, one.slug).startswith("<")
    for table in section.tables:
        assert {len(row) for row in table.rows} == {len(table.columns)}
    return section


def test_lesions_of_a_trained_network(subject: Subject) -> None:
    before = copy.deepcopy(subject.model.state_dict())
    section = checked(lesions_section(subject))
    numbers = section.numbers
    assert numbers["blocks"] == [f"layer{stage}.{block}" for stage in (1, 2, 3) for block in (0, 1)]
    assert numbers["whole"]["accuracy"] > 0.9
    assert numbers["without_skips"]["score"]["accuracy"] < 0.5
    assert [len(lesion["blocks"]) for lesion in numbers["without_several"]] == [2] * 3 + [3] * 3 + [4] * 3
    assert [lesion["blocks"] for lesion in numbers["swapped"]] == [("layer1.0", "layer1.1")]
    assert section.not_done == ()
    assert all(torch.equal(tensor, before[name]) for name, tensor in subject.model.state_dict().items())


def test_a_block_that_never_learned_is_told(subject: Subject) -> None:
    model: Any = create_model("resnet20", 10, 1, width=2, depths=(1, 2, 1)).eval()
    nn.init.zeros_(model.layer2[1].bn2.weight)
    nn.init.zeros_(model.layer2[1].bn2.bias)
    few = replace(subject, model=model, images=subject.images[:8], labels=subject.labels[:8])
    section = lesions_section(few)
    assert [(finding.rule, finding.severity, finding.layer) for finding in section.findings] == [
        (IDLE, "info", "layer2.1")
    ]
    assert lesions_section(replace(few, is_trained=False)).findings == ()


def test_paths_of_a_trained_network(subject: Subject) -> None:
    numbers = checked(paths_section(subject)).numbers
    assert [row["length"] for row in numbers["lengths"]] == list(range(7))
    assert sum(row["share_of_gradient"] for row in numbers["lengths"]) == pytest.approx(1)


def test_shattering_with_and_without_skips(subject: Subject) -> None:
    section = checked(shattering_section(subject))
    whole, plain = section.numbers["network"], section.numbers["without_skips"]
    assert whole["values"][0] == plain["values"][0] == 1
    assert whole["values"][1] > 0.3


def test_the_landscape_and_its_curvature(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fast_settings(subject).points == 16
    monkeypatch.setattr(diagnose_landscape, "POINTS", 5)
    few = replace(subject, images=subject.images[:16], labels=subject.labels[:16])
    section = checked(landscape_section(few))
    plane, hessian = section.numbers["plane"], section.numbers["hessian"]
    assert (len(plane["losses"]), len(plane["losses"][0])) == (5, 5)
    lowest = min(loss for row in plane["losses"] for loss in row if loss is not None)
    assert plane["centre"] < lowest + 0.05
    assert hessian["eigenvalues"][0] > 0


def test_a_hessian_that_the_memory_will_not_hold_is_left_out_and_said(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnose_landscape, "POINTS", 3)
    monkeypatch.setattr(diagnose_landscape, "LINE_POINTS", 3)
    monkeypatch.setattr(diagnose_memory, "free_memory", lambda device: 1_000_000)
    few = replace(subject, images=subject.images[:16], labels=subject.labels[:16])
    section = checked(landscape_section(few))
    learning = sum(one.numel() for one in subject.model.parameters())
    assert section.numbers["hessian"] is None
    assert section.not_done[0].startswith("The Hessian's eigenvalues were not looked for: ")
    assert f"would be needed for {learning:,} parameters, and 0.0 GB are free" in section.not_done[0]
    assert too_little_for_hessian(replace(few, model=nn.Linear(64, 2)), vectors=1) == ""


def test_pixels_that_speak_for_the_answer(subject: Subject) -> None:
    section = checked(attribution_section(subject))
    assert section.numbers["grad_cam"]["layer"] == "layer3"
    gaps, differences = (section.numbers["integrated_gradients"][name] for name in ("gaps", "differences"))
    assert all(abs(gap) < 0.05 * max(1, abs(whole)) for gap, whole in zip(gaps, differences, strict=True))


def test_a_transformer_has_lesions_and_a_map_of_its_tokens(subject: Subject) -> None:
    torch.manual_seed(0)
    model = timm.create_model("vit_tiny_patch16_224", img_size=16, patch_size=4, depth=2, in_chans=1, num_classes=10)
    images = F.interpolate(subject.images[:8], size=16)
    other = replace(subject, model=model.eval(), images=images, labels=subject.labels[:8], is_trained=False)
    numbers = checked(lesions_section(other)).numbers
    assert numbers["blocks"] == ["blocks.0.attn", "blocks.0.mlp", "blocks.1.attn", "blocks.1.mlp"]
    assert all(lesion["reestimated"] is None for lesion in numbers["without_one"])
    section = checked(attribution_section(other))
    cam = section.numbers["grad_cam"]
    assert (cam["layer"], cam["layout"]) == ("blocks.0", "tokens")
    assert "among the tokens that come out of blocks.0" in section.lead


def test_a_network_without_maps_gets_integrated_gradients_alone(subject: Subject) -> None:
    flat = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    section = checked(attribution_section(replace(subject, model=flat, is_trained=False)))
    assert section.numbers["grad_cam"] is None
    assert section.not_done[0].startswith("No Grad-CAM: no module inside Sequential gives a map")


def test_a_plain_network_says_what_it_has_none_of(subject: Subject) -> None:
    plain = replace(subject, model=create_model("plain20", 10, 1, width=4).eval(), is_trained=False)
    with pytest.raises(ResnetlabError, match="no residual addition was found"):
        paths_section(plain)
    assert "no residual addition was found" in lesions_section(plain).not_done[0]
    section = checked(shattering_section(plain))
    assert section.not_done == ("No residual addition was found: there is no skip to cut for a comparison",)
    assert section.numbers["without_skips"] is None


SECTIONS = [lesions_section, paths_section, shattering_section, attribution_section]


@pytest.mark.parametrize("look", SECTIONS, ids=lambda look: look.__name__)
def test_no_more_images_go_through_at_once_than_the_batch_size_says(
    look: Callable[[Subject], Section], subject: Subject
) -> None:
    met: list[int] = []
    hook = subject.model.register_forward_pre_hook(lambda module, inputs: met.append(len(inputs[0])))
    look(replace(subject, images=subject.images[:5], labels=subject.labels[:5], batch_size=3))
    hook.remove()
    assert max(met) == 3


def test_the_batch_size_does_not_change_how_far_gradients_reach(subject: Subject) -> None:
    whole, parts = (shattering_section(replace(subject, batch_size=size)).numbers for size in (128, 16))
    for name in ("network", "without_skips"):
        assert parts[name]["values"] == pytest.approx(whole[name]["values"], abs=1e-5)


def with_a_stage_detached() -> nn.Module:
    model: Any = create_model("resnet20", 10, 1, width=2, depths=(1, 1, 1))
    model.layer1.register_forward_hook(lambda module, inputs, output: output.detach())
    return model


def with_a_head_of_zeros() -> nn.Module:
    model: Any = create_model("resnet20", 10, 1, width=2, depths=(1, 1, 1))
    nn.init.zeros_(model.fc.weight)
    return model


WITHOUT_GRADIENT: dict[str, tuple[Callable[[], nn.Module], str, str]] = {
    "a stage is detached": (with_a_stage_detached, NO_GRADIENT, NO_GRADIENT),
    "the head is zero": (
        with_a_head_of_zeros,
        "no gradient of the loss comes through any of the paths",
        "the gradient is the same at every point of the grid: it has no autocorrelation",
    ),
}


@pytest.mark.usefixtures("no_drawings")
@pytest.mark.parametrize(("make", "paths", "shattering"), WITHOUT_GRADIENT.values(), ids=WITHOUT_GRADIENT)
def test_where_no_gradient_comes_to_the_images_the_parts_that_need_it_say_so(
    make: Callable[[], nn.Module], paths: str, shattering: str, tmp_path: Path
) -> None:
    found = diagnose(make(), folder=tmp_path, parts=("paths", "shattering"))
    assert {section.slug: section.not_done for section in found.sections[-2:]} == {
        "paths": (f"not done: {paths}",),
        "shattering": (f"not done: {shattering}",),
    }


def test_skips_that_alone_carry_the_gradient_leave_a_plain_twin_without_one(subject: Subject) -> None:
    model: Any = create_model("resnet20", 10, 1, width=2, depths=(1, 1, 1)).eval()
    for block in model.blocks:
        block.conv1.register_forward_hook(lambda module, inputs, output: output.detach())
    section = shattering_section(replace(subject, model=model))
    assert section.numbers["without_skips"] is None
    assert section.not_done[0].startswith("The plain twin's gradient is the same at every image")


def test_what_costs_much_looks_at_fewer_images_and_says_so(subject: Subject) -> None:
    macs = count_macs(subject.model, (1, 8, 8))
    assert affordable(subject, 10, 256, multiply_adds=10 * 64 * macs) == (64, "")
    images, said = affordable(subject, 10, 256, multiply_adds=10 * 40.5 * macs)
    assert images == 40
    assert said.startswith("Only 40 of 64 images were looked at")
    told: list[str] = []
    assert affordable(replace(subject, say=told.append), 10, 256, multiply_adds=1)[0] == 16
    assert told == []
    assert affordable(replace(subject, say=told.append), 1e13 / macs, 256, multiply_adds=1)[0] == 16
    assert told == ["this takes about 1600 s of one core, for 16 images"]


def test_each_part_is_found_where_its_row_says() -> None:
    makers = {lesions_section, paths_section, shattering_section, landscape_section, attribution_section}
    rows = {row.maker.split(":")[1] for row in PARTS.values()}
    assert {maker.__name__ for maker in makers} <= rows
