"""Predictions are those of a plain loop over the same files, whatever else lies among them."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from PIL import Image
from torch import nn
from torchvision.transforms._presets import ImageClassification
from torchvision.transforms.functional import pil_to_tensor

import resnetlab
from picture_folders import write_classes
from resnetlab.actions.judging.inputs import find_inputs
from resnetlab.core.errors import ImageError, ResnetlabError, UntrainedError
from resnetlab.specs import find_spec
from resnetlab.specs.card import ModelCard
from resnetlab.specs.preprocessing import IMAGENET_MEAN, IMAGENET_STD


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classes(tmp_path_factory.mktemp("pictures"))


def small_network(classes: int = 10) -> nn.Module:
    torch.manual_seed(3)
    model = torchvision.models.resnet18(num_classes=classes).eval()
    model.bn1.running_mean += 0.01  # as if it had been trained
    return model


def test_predictions_are_those_of_a_plain_loop(pictures: Path) -> None:
    model, files = small_network(), sorted(pictures.rglob("*.png"))
    prepare = ImageClassification(crop_size=32, resize_size=36)
    with torch.inference_mode():
        images = torch.stack([prepare(pil_to_tensor(Image.open(file).convert("RGB"))) for file in files])
        theirs = model(images).softmax(1)
    found = resnetlab.predict(model, pictures, size=32, resize=36, batch_size=5, top=10)
    assert [row.path for row in found.rows] == list(map(str, files))
    for row, shares in zip(found.rows, theirs, strict=True):
        ours = torch.zeros(10)
        for guess in row.guesses:
            ours[guess.number] = guess.probability
        torch.testing.assert_close(ours, shares, rtol=0, atol=1e-5)
        assert [guess.number for guess in row.guesses] == shares.argsort(descending=True).tolist()


@pytest.mark.parametrize("batch_size", [1, 3, 32])
def test_the_batch_size_changes_nothing(batch_size: int, pictures: Path) -> None:
    model = small_network()
    alone = resnetlab.predict(model, pictures, size=32, batch_size=12)
    found = resnetlab.predict(model, pictures, size=32, batch_size=batch_size)
    for one, other in zip(alone.rows, found.rows, strict=True):
        assert [guess.number for guess in one.guesses] == [guess.number for guess in other.guesses]
        assert one.guesses[0].probability == pytest.approx(other.guesses[0].probability, abs=1e-6)


def test_unreadable_images_are_told_and_the_others_predicted(tmp_path: Path) -> None:
    folder = write_classes(tmp_path)
    (folder / "flower" / "0.png").write_bytes(b"no image")
    (folder / "temple" / "3.png").write_bytes(b"")
    found = resnetlab.predict(small_network(), folder, size=32, batch_size=4)
    assert len(found.rows) == 10
    assert [Path(one.path).name for one in found.unreadable] == ["0.png", "3.png"]
    assert all(one.path in one.reason for one in found.unreadable)


def test_labels_are_names_where_they_are_known(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "names").write_text("\n".join(f"class {number}" for number in range(10)))
    row = resnetlab.predict(small_network(), pictures / "flower" / "0.png", size=32, classes=tmp_path / "names").rows[
        0
    ]
    assert all(guess.label == f"class {guess.number}" for guess in row.guesses)
    bare = resnetlab.predict(small_network(), pictures / "flower" / "0.png", size=32).rows[0]
    assert all(guess.label == str(guess.number) for guess in bare.guesses)


def test_an_untrained_network_is_refused_unless_asked_for(pictures: Path) -> None:
    with pytest.raises(UntrainedError, match="--untrained"):
        resnetlab.predict("resnet20", pictures)
    one, other = (resnetlab.predict("resnet20", pictures, untrained=True) for _ in range(2))
    assert one == other  # drawn from the same seed
    assert resnetlab.predict("resnet20", pictures, untrained=True, seed=1).rows != one.rows


def without_statistics() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def test_a_module_is_held_to_the_same(pictures: Path) -> None:
    for model in (resnetlab.create_model("resnet20"), torchvision.models.resnet18()):
        with pytest.raises(UntrainedError, match=rf"this {type(model).__name__} is untrained.*\n.*untrained=True"):
            resnetlab.predict(model, pictures, size=32)
        assert resnetlab.predict(model, pictures, size=32, untrained=True).rows


def test_a_module_that_nothing_tells_of_is_believed_aloud(pictures: Path) -> None:
    said = "that it was trained: it has no running statistics, which would tell"
    assert resnetlab.predict(without_statistics(), pictures, size=32).assumptions == (said,)
    assert resnetlab.predict(without_statistics(), pictures, size=32, untrained=True).assumptions == ()


class Overflowing(nn.Module):
    """Gives, for any image that is not black, what is no number."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.stack([images.amax((1, 2, 3)) * self.value, images.mean((1, 2, 3))], 1)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_outputs_that_are_no_numbers_are_an_error_that_names_the_image(value: float, pictures: Path) -> None:
    with pytest.raises(ResnetlabError, match=r"flower/0\.png are not finite numbers"):
        resnetlab.predict(Overflowing(value), pictures, size=32)


def test_grey_networks_see_colour_in_grey_and_say_so(pictures: Path) -> None:
    found = resnetlab.predict("resnet20[in_channels=1]", pictures, untrained=True)
    assert "12 colour images were turned grey, as the network takes them" in found.remarks


def test_a_grey_image_is_repeated_and_that_is_said(tmp_path: Path) -> None:
    Image.new("L", (40, 40), 90).save(tmp_path / "grey.png")
    found = resnetlab.predict(small_network(), tmp_path, size=32)
    assert "1 grey image was repeated in three channels, as the network takes them" in found.remarks


def test_files_that_are_left_out_of_a_folder_are_counted(tmp_path: Path) -> None:
    folder = write_classes(tmp_path)
    (folder / "flower" / "scan.tif").touch()
    (folder / "phone.heic").touch()
    found = resnetlab.predict(small_network(), folder, size=32)
    assert "2 files that are no images by their ending are left out" in found.remarks


def test_a_module_is_left_as_it_was(pictures: Path) -> None:
    model = small_network().train()
    model.layer1.eval()
    modes = {name: module.training for name, module in model.named_modules()}
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    resnetlab.predict(model, pictures, size=32)
    assert {name: module.training for name, module in model.named_modules()} == modes
    assert all(torch.equal(tensor, weights[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.is_contiguous() for parameter in model.parameters())
    model(torch.zeros(2, 3, 32, 32)).sum().backward()  # its weights are no tensors of inference mode


class Wrapped(nn.Module):
    """A network whose output holds the logits under their name, as transformers' do."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = small_network()

    def forward(self, images: torch.Tensor) -> object:
        return type("Output", (), {"logits": self.inner(images)})()


def test_logits_may_stand_in_an_output_object(pictures: Path) -> None:
    bare, wrapped = (resnetlab.predict(model, pictures, size=32).rows for model in (small_network(), Wrapped()))
    for one, other in zip(bare, wrapped, strict=True):
        assert [guess.number for guess in one.guesses] == [guess.number for guess in other.guesses]
        assert one.guesses[0].probability == pytest.approx(other.guesses[0].probability, abs=1e-6)


IMPOSSIBLE = {
    "takes images of 3 channels": (small_network(), {"mean": (0.5,), "std": (0.5,), "size": 32}),
    "cannot take images of 3 × 32 × 32": (nn.Sequential(nn.Flatten(), nn.Linear(7, 2)), {"size": 32}),
    "does not give one number for each image and class": (nn.Conv2d(3, 2, 1), {"size": 32}),
}


@pytest.mark.parametrize("said", IMPOSSIBLE)
def test_a_network_that_does_not_fit_is_refused(said: str, pictures: Path) -> None:
    model, settings = IMPOSSIBLE[said]
    with pytest.raises(ResnetlabError, match=said) as caught:
        resnetlab.predict(model, pictures, **settings)
    assert len(str(caught.value).splitlines()) <= 3


def test_a_device_of_no_known_name_is_refused(pictures: Path) -> None:
    with pytest.raises(ResnetlabError, match=r"--device tpu: PyTorch finds no such device here\nat hand: .*cpu"):
        resnetlab.predict(small_network(), pictures, size=32, device="tpu")


def test_class_names_of_another_number_are_refused(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "names").write_text("cat\ndog\n")
    with pytest.raises(ResnetlabError, match=r"2 class names .* 10 outputs"):
        resnetlab.predict(small_network(), pictures, size=32, classes=tmp_path / "names")


def test_a_spec_with_its_classes_on_a_card_is_used(pictures: Path) -> None:
    model = resnetlab.build(find_spec("resnet20").with_fields(num_classes="2"))
    model.card = ModelCard(model.spec, classes=("flower", "temple"), source="a test")
    guesses = resnetlab.predict(model, pictures).rows[0].guesses
    assert {guess.label for guess in guesses} == {"flower", "temple"}


def names(words: Any) -> list[str]:
    return [one.name for one in find_inputs(words)]


def test_words_stand_for_files_folders_and_patterns(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pictures)
    (pictures / "flower" / "notes.txt").touch()
    assert names("flower/1.png") == names(Path("flower/1.png")) == ["flower/1.png"]
    assert names("flower") == [f"flower/{number}.png" for number in range(6)]
    assert names("*/1.png") == ["flower/1.png", "temple/1.png"]
    assert names("**/2.png") == ["flower/2.png", "temple/2.png"]
    assert names(["temple/1.png", "temple"]) == [f"temple/{number}.png" for number in (1, 0, 2, 3, 4, 5)]
    assert names("flower/notes.txt") == ["flower/notes.txt"]  # named outright, it will be told as unreadable


def test_a_name_with_signs_of_patterns_is_a_file_first(tmp_path: Path) -> None:
    Image.new("L", (4, 4)).save(tmp_path / "a[1].png")
    assert names(str(tmp_path / "a[1].png")) == [str(tmp_path / "a[1].png")]


@pytest.mark.parametrize("word", ["gone.jpg", "*.jpg", "empty", "x" * 300, "a\0b*"])
def test_a_word_for_nothing_is_refused(word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ResnetlabError) as caught:
        names(word)
    assert word.replace("\0", "\\x00") in str(caught.value)


def pipe(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_a_pipe_brings_an_image_or_paths(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = pictures / "flower" / "1.png"
    pipe(monkeypatch, file.read_bytes())
    (image,) = find_inputs("-")
    assert (image.name, image.read().shape) == ("-", (3, 40, 40))
    pipe(monkeypatch, f"{file}\ngone.jpg\n".encode())
    assert names("-") == [str(file), "gone.jpg"]
    pipe(monkeypatch, b"two\nlines.jpg\0" + b"caf\xe9.jpg\0")
    assert names("-") == ["two\nlines.jpg", os.fsdecode(b"caf\xe9.jpg")]
    pipe(monkeypatch, b"\n")
    with pytest.raises(ResnetlabError, match="nothing came"):
        find_inputs("-")
    pipe(monkeypatch, file.read_bytes()[:100])
    with pytest.raises(ImageError, match="standard input is damaged"):
        find_inputs("-")[0].read()


def test_imagenets_way_is_assumed_of_an_unknown_module(pictures: Path) -> None:
    said = resnetlab.predict(small_network(), pictures / "flower" / "0.png").remarks
    assert len(said) == 1
    assert "--size 224 --resize 256" in said[0]
    assert (
        resnetlab.predict(small_network(), pictures / "temple", size=32, mean=IMAGENET_MEAN, std=IMAGENET_STD).remarks
        == ()
    )


def test_weights_of_64_bits_predict_as_their_own_of_32(pictures: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = resnetlab.create_model("resnet20", width=4)
    resnetlab.weights.save(model, tmp_path / "single", source="a test")
    resnetlab.weights.save(model.double(), tmp_path / "double", source="a test")
    found = [resnetlab.predict(str(tmp_path / name), pictures, quiet=True).rows for name in ("single", "double")]
    assert found[0] == found[1]
