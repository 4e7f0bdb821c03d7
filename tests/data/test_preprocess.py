"""Pictures become inputs exactly as torchvision's own presets make them."""

from __future__ import annotations

import pytest
import torch
from sklearn.datasets import load_sample_images
from torch import Tensor
from torchvision.models import ResNet50_Weights, get_weight
from torchvision.transforms import functional as TF
from torchvision.transforms._presets import ImageClassification

from resnetlab.core.errors import SpecError
from resnetlab.data.preprocess import cut, fit_channels, normalise
from resnetlab.specs.preprocessing import IMAGENET, IMAGENET_MEAN, IMAGENET_STD, Interpolation, Preprocessing

TEMPLE, FLOWER = (torch.from_numpy(image.copy()).permute(2, 0, 1) for image in load_sample_images().images)
GENERATOR = torch.Generator().manual_seed(0)
IMAGES = {
    "wide": TEMPLE,
    "tall": FLOWER.swapaxes(1, 2),
    "small": FLOWER[:, :40, :50],
    "one pixel": FLOWER[:, :1, :1],
    "odd sides": TEMPLE[:, :331, :257],
    "noise": torch.randint(256, (3, 300, 411), generator=GENERATOR, dtype=torch.uint8),
    "float": TEMPLE / 255,
}


def ours(image: Tensor, how: Preprocessing) -> Tensor:
    return normalise(cut(image, how)[None], how)[0]


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("weights", ["ResNet50_Weights.IMAGENET1K_V1", "ResNet50_Weights.IMAGENET1K_V2"])
def test_inputs_are_those_of_the_published_weights_own_preset(name: str, weights: str) -> None:
    preset = get_weight(weights).transforms()
    how = Preprocessing(*preset.crop_size, *preset.resize_size, tuple(preset.mean), tuple(preset.std))
    assert torch.equal(ours(IMAGES[name], how), preset(IMAGES[name]))


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "nearest"])
def test_every_interpolation_is_torchvisions(interpolation: Interpolation) -> None:
    preset = ImageClassification(
        crop_size=160, resize_size=200, interpolation=TF.InterpolationMode(interpolation), antialias=True
    )
    how = Preprocessing(160, 200, IMAGENET_MEAN, IMAGENET_STD, interpolation)
    assert torch.equal(ours(TEMPLE, how), preset(TEMPLE))


def test_imagenets_way_is_that_of_the_first_published_weights() -> None:
    preset = ResNet50_Weights.IMAGENET1K_V1.transforms()
    assert torch.equal(ours(FLOWER, IMAGENET), preset(FLOWER))


def test_a_grey_image_is_repeated_and_a_coloured_one_weighed() -> None:
    grey = FLOWER[:1]
    assert torch.equal(fit_channels(grey, 3), torch.cat([grey] * 3))
    assert fit_channels(grey, 1) is grey
    brightness = 0.299 * FLOWER[0] + 0.587 * FLOWER[1] + 0.114 * FLOWER[2]  # ITU-R BT.601
    assert (fit_channels(FLOWER, 1)[0] - brightness).abs().max() < 1.1  # torchvision rounds down


@pytest.mark.parametrize(("channels", "wanted"), [(1, 3), (3, 1), (3, 3)])
def test_many_images_at_once_are_cut_as_each_alone(channels: int, wanted: int) -> None:
    images = torch.rand(wanted, channels, 9, 9)  # as many as channels are wanted: one must not be taken for the other
    how = Preprocessing(8, 12, (0.5,) * wanted, (0.5,) * wanted)
    assert torch.equal(cut(images, how), torch.stack([cut(image, how) for image in images]))


def test_a_square_larger_than_the_resized_image_cannot_be_asked_for() -> None:
    with pytest.raises(SpecError, match="resize=200 is impossible"):
        Preprocessing(224, 200, IMAGENET_MEAN, IMAGENET_STD)
