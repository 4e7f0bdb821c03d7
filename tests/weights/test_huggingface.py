"""What stands beside weights of the hub is read as its authors' libraries read it, or refused with the file's name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from library_networks import lively, logits_of
from safetensors.torch import save_file

from resnetlab import create_model
from resnetlab.core.errors import CheckpointError
from resnetlab.specs import find_spec
from resnetlab.specs.preprocessing import IMAGENET
from resnetlab.weights import load_checkpoint
from resnetlab.weights.description import LONGEST
from resnetlab.weights.equal_in_timm import EQUAL
from resnetlab.weights.huggingface import hf_config
from resnetlab.weights.image_processors import hf_preprocessor, preprocessing_of_transformers

IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
CFG = {"input_size": [3, 224, 224], "crop_pct": 0.95, "mean": [0.5] * 3, "std": [0.25] * 3}


def put(folder: Path, state: dict[str, torch.Tensor], **files: object) -> Path:
    """A folder as the hub's client leaves it; a text is written as it is, all else as JSON."""
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, folder / "model.safetensors")
    for name, told in files.items():
        (folder / f"{name}.json").write_text(told if isinstance(told, str) else json.dumps(told))
    return folder


SAME = ["resnet50", "resnet50d", "seresnet50", "regnetx_004_tv", "resnetv2_18", "efficientnet_b0", "densenet121"]


@pytest.mark.parametrize("name", SAME)
def test_an_architecture_of_timm_that_is_taken_computes_timms_logits(name: str, tmp_path: Path) -> None:
    theirs = lively("timm", name)
    ours = load_checkpoint(put(tmp_path, theirs.state_dict(), config={"architecture": name, "pretrained_cfg": CFG}))
    with torch.no_grad():
        expected = theirs(IMAGES)
        torch.testing.assert_close(ours(IMAGES), expected, rtol=0, atol=1e-5 * expected.abs().max().item())
    assert not [one for one in ours.card.assumptions if one.startswith(("batch norms", "no blur"))]
    assert (ours.card.preprocessing.size, ours.card.preprocessing.resize) == (224, 235)


OTHERS = {
    "resnetblur18": "resnet18",
    "resnetaa50": "resnet50",
    "resnetaa50d": "resnet50d",
    "seresnetaa50d": "resnet50d[squeeze=0.0625]",
    "tf_efficientnet_b0": "efficientnet_b0",
    "efficientnet_blur_b0": "efficientnet_b0",
}


@pytest.mark.parametrize("name", OTHERS)
def test_an_architecture_with_the_same_tensors_and_another_computation_is_refused(name: str, tmp_path: Path) -> None:
    theirs = lively("timm", name)
    put(tmp_path, theirs.state_dict(), config={"architecture": name, "pretrained_cfg": CFG})
    with pytest.raises(CheckpointError) as refusal:
        load_checkpoint(tmp_path)
    first, second = str(refusal.value).splitlines()
    assert first.startswith(f"{tmp_path / 'config.json'} does not describe")
    assert f"timm's {name}, which is not known to compute as {OTHERS[name]} does" in first
    assert second == f"take timm's own network: timm:{name}"


@pytest.mark.parametrize(
    "more", [{"model_args": {"act_layer": "gelu"}}, {"global_pool": "max"}, {"model_args": {"global_pool": "max"}}]
)
def test_a_changed_architecture_of_timm_is_refused(more: dict[str, Any], tmp_path: Path) -> None:
    put(tmp_path, create_model("resnet18").state_dict(), config={"architecture": "resnet18"} | CFG | more)
    with pytest.raises(CheckpointError, match="was built with"):
        load_checkpoint(tmp_path)


def test_none_of_the_known_others_is_among_the_equal() -> None:
    assert not [name for name in EQUAL if name.startswith("tf_") or "blur" in name or "aa" in name]
    assert set(SAME) < EQUAL


@pytest.mark.parametrize(
    ("name", "strided"),
    [("resnet50", True), ("resnet50", False), ("resnet50", None), ("regnet_x_400mf", True), ("regnet_x_400mf", None)],
)
def test_strides_of_transformers_are_read(name: str, strided: bool | None, tmp_path: Path) -> None:
    told = hf_config(find_spec(name)) | {"downsample_in_first_stage": strided}
    if strided is None:
        del told["downsample_in_first_stage"]
    kind = "ResNet" if name == "resnet50" else "RegNet"
    torch.manual_seed(0)
    options = {key: value for key, value in told.items() if key != "model_type"}
    theirs = getattr(transformers, f"{kind}ForImageClassification")(getattr(transformers, f"{kind}Config")(**options))
    ours = load_checkpoint(put(tmp_path, theirs.state_dict(), config=told))
    with torch.no_grad():
        assert torch.equal(ours(IMAGES), logits_of(theirs.eval(), IMAGES))


PICTURE = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
USUAL = {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 28}}
READ: dict[str, dict[str, Any]] = {
    "as we write it": hf_preprocessor(IMAGENET) | {"size": {"shortest_edge": 28}},
    "size as a number": USUAL | {"size": 28},
    "by the old name": {"feature_extractor_type": "ConvNextFeatureExtractor", "size": 28, "crop_pct": 0.7},
    "no crop_pct": USUAL,
    "no mean and std": USUAL | {"crop_pct": 0.7},
    "not normalised": USUAL | {"do_normalize": False},
    "bilinear": USUAL | {"resample": 2},
    "uncropped": USUAL | {"size": 384},
    "ViT's": {"image_processor_type": "ViTImageProcessor", "size": {"height": 28, "width": 28}},
    "ViT's, size as a number": {"image_processor_type": "ViTImageProcessor", "size": 28, "image_mean": [0.4] * 3},
}


@pytest.mark.parametrize("name", READ)
def test_images_are_prepared_as_transformers_prepares_them(name: str) -> None:
    from torchvision.transforms.v2 import functional as images_as

    told = READ[name]
    kind = told.get("image_processor_type", "ConvNextImageProcessor")
    options = {key: value for key, value in told.items() if not key.endswith("_type")}
    processor = getattr(transformers, kind)(**options)
    expected = processor(PICTURE, return_tensors="pt")["pixel_values"][0]
    how, _ = preprocessing_of_transformers(told)
    pixels = torch.from_numpy(PICTURE).permute(2, 0, 1)
    mode = images_as.InterpolationMode(how.interpolation)
    resized = images_as.resize(pixels, [how.resize], mode, antialias=True)
    cut = images_as.center_crop(resized, [how.size]).to(torch.float32) / 255
    torch.testing.assert_close(images_as.normalize(cut, list(how.mean), list(how.std)), expected, rtol=0, atol=1e-5)


def test_an_entry_that_is_null_is_as_if_it_were_not_there() -> None:
    null = dict.fromkeys(("crop_pct", "image_mean", "image_std", "resample", "do_normalize", "do_center_crop"))
    assert preprocessing_of_transformers(USUAL | null) == preprocessing_of_transformers(USUAL)


def test_what_transformers_warps_is_remarked() -> None:
    assert preprocessing_of_transformers(READ["uncropped"])[1] == preprocessing_of_transformers(READ["ViT's"])[1]
    assert "warped" in preprocessing_of_transformers(READ["uncropped"])[1][0]
    assert preprocessing_of_transformers(READ["bilinear"])[1] == ()


DEEP = '{"a":' * 100_000
GOOD = hf_config(find_spec("resnet18"))
REFUSED: dict[str, tuple[str, object, str]] = {
    "another activation": ("config", GOOD | {"hidden_act": "gelu"}, "hidden_act is 'gelu'"),
    "names that do not count from 0": ("config", GOOD | {"id2label": {"7": "a"}}, "KeyError"),
    "deep JSON": ("config", DEEP, "RecursionError"),
    "a list": ("config", [], "no JSON object"),
    "too long": ("config", " " * (LONGEST + 1), "longer than"),
    "no share": ("preprocessor_config", USUAL | {"crop_pct": 0}, "ZeroDivisionError"),
    "a tiny share": ("preprocessor_config", USUAL | {"crop_pct": 1e-320}, "OverflowError"),
    "deep JSON of images": ("preprocessor_config", DEEP, "RecursionError"),
    "another processor": ("preprocessor_config", USUAL | {"image_processor_type": "CLIPImageProcessor"}, "CLIP"),
    "no resizing": ("preprocessor_config", USUAL | {"do_resize": False}, "do_resize=False is not done here"),
    "a second cut": ("preprocessor_config", USUAL | {"do_center_crop": True}, "do_center_crop=True"),
    "another scale": ("preprocessor_config", USUAL | {"rescale_factor": 1 / 127.5}, "rescale_factor="),
    "no square": ("preprocessor_config", USUAL | {"size": {"height": 2, "width": 3}}, "is no square"),
    "timm's tiny share": ("config", {"architecture": "resnet18"} | CFG | {"crop_pct": 1e-320}, "OverflowError"),
    "timm's zero share": ("config", {"architecture": "resnet18"} | CFG | {"crop_pct": 0}, "ZeroDivisionError"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused_with_the_file_at_fault(name: str, tmp_path: Path) -> None:
    kind, told, words = REFUSED[name]
    files = {"config": GOOD, "preprocessor_config": hf_preprocessor(IMAGENET)} | {kind: told}
    put(tmp_path, lively("transformers", "resnet18").state_dict(), **files)
    with pytest.raises(CheckpointError) as refusal:
        load_checkpoint(tmp_path)
    message = str(refusal.value)
    assert message.startswith(f"{tmp_path / kind}.json ")
    assert words in message
    assert len(message.splitlines()) == 2
