"""An evaluation agrees with a plain loop, matches classes by name, finds damaged files first, and is written down."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

import resnetlab
from picture_folders import write_classes
from resnetlab.actions.judging.evaluation import Evaluation
from resnetlab.actions.networks.settings import EvalSettings
from resnetlab.core.errors import ImageError, OutputError, ResnetlabError, UntrainedError
from resnetlab.data import load_data
from resnetlab.data.labelled import LabelledImages
from resnetlab.specs.card import ModelCard
from resnetlab.specs.preprocessing import Preprocessing


class ByBrightness(nn.Module):
    """Takes what is bright for a temple, which stands before the sky, and what is dark for a flower."""

    def __init__(self, classes: Sequence[str] | None = ("temple", "flower")) -> None:
        super().__init__()
        self.card = ModelCard(
            classes=None if classes is None else tuple(classes),
            preprocessing=Preprocessing(32, 32, (0.0,) * 3, (1.0,) * 3),
            source="by hand",
        )

    def forward(self, images: Tensor) -> Tensor:
        brightness = images.mean((1, 2, 3)) - 120 / 255
        return torch.stack([brightness, -brightness], 1) * 20


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_classes(tmp_path / "pictures")


def evaluate(model: Any, data: Any, tmp_path: Path, **settings: Any) -> Evaluation:
    return resnetlab.evaluate(model, data, output=tmp_path / "found", **settings)


def test_digits_are_scored_as_by_a_plain_loop(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, data = resnetlab.create_model("resnet20", in_channels=1).eval(), load_data("digits")
    with torch.inference_mode():
        logits = model(data.test_images)
    found = evaluate(model, "digits", tmp_path, batch_size=50, untrained=True).scores
    assert found.n == 397
    assert found.top1 == pytest.approx(100 * (logits.argmax(1) == data.test_labels).float().mean().item(), abs=1e-4)
    likely = (logits.topk(5).indices == data.test_labels[:, None]).any(1)
    assert found.top5 == pytest.approx(100 * likely.float().mean().item(), abs=1e-4)
    assert found.loss == pytest.approx(F.cross_entropy(logits, data.test_labels).item(), rel=1e-4)


def test_classes_in_another_order_are_matched_by_name(pictures: Path, tmp_path: Path) -> None:
    found = evaluate(ByBrightness(), f"imagefolder:{pictures}", tmp_path)
    assert found.classes == ("flower", "temple")
    assert any("matched by name" in remark for remark in found.remarks)
    model = ByBrightness()
    right = 0
    for file in pictures.rglob("*.png"):
        pixels = torch.from_numpy(np.array(Image.open(file).resize((32, 32), Image.Resampling.BILINEAR)))
        guess = int(model(pixels.permute(2, 0, 1)[None] / 255).argmax())
        right += (model.card.classes or ())[guess] == file.parent.name
    assert found.scores.top1 == pytest.approx(100 * right / 12)
    assert right > 9  # by the order of the outputs alone it would be wrong where it is right


class AmongThree(ByBrightness):
    """Takes the middle ones for a tree, which no folder holds."""

    def __init__(self) -> None:
        super().__init__(("tree", "temple", "flower"))

    def forward(self, images: Tensor) -> Tensor:
        known = super().forward(images)
        return torch.cat([4 - known.abs().amax(1, keepdim=True), known], 1)


def test_data_without_some_of_the_networks_classes_is_scored_against_all_of_them(
    pictures: Path, tmp_path: Path
) -> None:
    found = evaluate(AmongThree(), f"imagefolder:{pictures}", tmp_path)
    two = evaluate(ByBrightness(), f"imagefolder:{pictures}", tmp_path / "two")
    assert found.classes == ("flower", "temple", "tree")
    taken_for_a_tree = sum(row[2] for row in found.scores.confusion)
    assert taken_for_a_tree > 0
    assert found.scores.n == 12 == sum(map(sum, found.scores.confusion))
    right = [sum(one.scores.confusion[at][at] for at in (0, 1)) for one in (found, two)]
    assert found.scores.top1 == pytest.approx(100 * right[0] / 12)
    assert right[0] < right[1] <= right[0] + taken_for_a_tree
    assert [(one.name, one.n) for one in found.per_class] == [("flower", 6), ("temple", 6), ("tree", 0)]
    assert any("2 of the network's 3 classes" in remark for remark in found.remarks)


@pytest.mark.parametrize("classes", [("temple", "tree"), ("0", "1")])
def test_other_classes_of_the_same_number_are_refused(
    classes: tuple[str, str], pictures: Path, tmp_path: Path
) -> None:
    with pytest.raises(ResnetlabError, match="differ in their classes"):
        evaluate(ByBrightness(classes), f"imagefolder:{pictures}", tmp_path)
    assert not (tmp_path / "found").exists()


def test_names_given_by_hand_count_as_the_networks(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "names").write_text("temple\nflower\n")
    named = evaluate(ByBrightness(("a", "b")), f"imagefolder:{pictures}", tmp_path, classes=tmp_path / "names")
    assert named.scores.top1 > 75


def test_a_network_without_names_says_how_it_was_taken(pictures: Path, tmp_path: Path) -> None:
    found = evaluate(ByBrightness(None), f"imagefolder:{pictures}", tmp_path)
    assert any("names no classes" in remark for remark in found.remarks)
    assert found.scores.top1 < 25  # its outputs are the other way round


def spoil(pictures: Path) -> list[Path]:
    spoiled = [pictures / "flower" / "1.png", pictures / "temple" / "5.png"]
    spoiled[0].write_bytes(spoiled[0].read_bytes()[:500])
    spoiled[1].write_text("no image")
    return spoiled


def test_unreadable_images_are_found_before_the_network_sees_any(pictures: Path, tmp_path: Path) -> None:
    spoiled, model = spoil(pictures), ByBrightness()
    seen: list[int] = []
    model.register_forward_hook(lambda module, images, found: seen.append(len(found)))
    with pytest.raises(ImageError, match="2 of 12 images cannot be read") as caught:
        evaluate(model, f"imagefolder:{pictures}", tmp_path)
    assert all(str(file) in str(caught.value) for file in spoiled)
    assert "--skip-unreadable" in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3
    assert seen == [1]  # the black image by which its outputs are counted
    assert not (tmp_path / "found").exists()


def test_unreadable_images_are_skipped_only_when_asked_and_counted(pictures: Path, tmp_path: Path) -> None:
    spoiled = spoil(pictures)
    found = evaluate(ByBrightness(), f"imagefolder:{pictures}", tmp_path, skip_unreadable=True)
    assert found.scores.n == 10
    assert [one.path for one in found.unreadable] == list(map(str, spoiled))
    assert "2 of 12 images could not be read and are left out" in found.remarks


def test_many_images_need_not_stay_in_memory(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = evaluate(ByBrightness(), f"imagefolder:{pictures}", tmp_path / "a").scores
    monkeypatch.setattr("resnetlab.actions.evaluate.KEPT_BYTES", 0)
    read = evaluate(ByBrightness(), f"imagefolder:{pictures}", tmp_path / "b", batch_size=5).scores
    assert (read.confusion, read.loss) == (kept.confusion, pytest.approx(kept.loss))


def test_everything_found_is_written(pictures: Path, tmp_path: Path) -> None:
    found = evaluate(ByBrightness(), f"imagefolder:{pictures}", tmp_path)
    content = json.loads((found.folder / "eval.json").read_text(encoding="utf-8"))
    assert content == json.loads(json.dumps(found.as_json()))
    assert {"top1", "top5", "n", "loss", "calibration_error", "per_class", "confusion", "classes"} <= content.keys()
    assert content["n"] == 12 == sum(map(sum, content["confusion"]))
    assert content["top5"] is None
    assert [(one["name"], one["n"]) for one in content["per_class"]] == [("flower", 6), ("temple", 6)]
    shares = [100 * content["confusion"][at][at] / 6 for at in range(2)]
    assert [one["top1"] for one in content["per_class"]] == pytest.approx(shares)
    assert content["preprocessing"]["size"] == 32
    assert (found.folder / "confusion.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (found.folder / "confusion.svg").read_text(encoding="utf-8")


def test_what_it_was_made_with_stands_beside_it(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "names").write_text("temple\nflower\n")
    data = f"imagefolder:{pictures}"
    folder = evaluate(ByBrightness(), data, tmp_path, batch_size=5, classes=tmp_path / "names").folder
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    assert (config.pop("model"), config.pop("data")) == ("ByBrightness", data)
    assert (config["batch_size"], config["classes"]) == (5, str(tmp_path / "names"))
    EvalSettings(**config)  # all of it can be asked for again
    told = json.loads((folder / "env.json").read_text(encoding="utf-8"))
    assert told["versions"]["numpy"] == np.__version__


def test_an_earlier_evaluation_is_not_replaced_in_silence(pictures: Path, tmp_path: Path) -> None:
    evaluate(ByBrightness(), f"imagefolder:{pictures}", tmp_path)
    with pytest.raises(OutputError, match="holds files already"):
        evaluate(ByBrightness(), f"imagefolder:{pictures}", tmp_path)
    evaluate(ByBrightness(), f"imagefolder:{pictures}", tmp_path, exist_ok=True)


def test_a_full_disk_leaves_the_earlier_evaluation_whole(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = evaluate(ByBrightness(), f"imagefolder:{pictures}", tmp_path).folder
    before = {file.name: file.read_bytes() for file in folder.iterdir()}

    def fill(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fill)
    with pytest.raises(OutputError, match="No space left on device"):
        evaluate(ByBrightness(), f"imagefolder:{pictures}", tmp_path, exist_ok=True)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_the_folder_is_told_before_the_network_looks(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ResnetlabError, match="not finite"):
        evaluate(Broken(), f"imagefolder:{pictures}", tmp_path)
    assert f"evaluating into {tmp_path / 'found'}" in capsys.readouterr().err


def test_an_untrained_network_is_refused_unless_asked_for(tmp_path: Path) -> None:
    with pytest.raises(UntrainedError, match="--untrained"):
        evaluate("resnet20[in_channels=1]", "digits", tmp_path)


class Broken(ByBrightness):
    """Gives no number for one of the images it has been shown."""

    def forward(self, images: Tensor) -> Tensor:
        logits = super().forward(images)
        if len(images) > 1:
            logits[3, 1] = float("nan")
        return logits


def test_outputs_that_are_no_numbers_are_an_error_that_names_the_image(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(ResnetlabError, match=r"flower/3\.png are not finite numbers"):
        evaluate(Broken(), f"imagefolder:{pictures}", tmp_path)


def test_data_of_ones_own_is_evaluated_too(tmp_path: Path) -> None:
    images = torch.randint(256, (9, 3, 32, 32), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    data = LabelledImages("mine", "test", ("flower", "temple"), [0, 1, 1] * 3, lambda at: images[at])
    assert evaluate(ByBrightness(), data, tmp_path).scores.n == 9
