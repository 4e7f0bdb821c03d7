"""Images that are small at first."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from resnetlab.core.errors import ResnetlabError
from resnetlab.training.config import Growth
from resnetlab.training.progressive import grown, made_smaller

GROWTH = Growth(sides=(4, 6), until=(0.25, 0.5))


@pytest.mark.parametrize(("step", "side"), [(0, 4), (4, 4), (5, 6), (9, 6), (10, 8), (19, 8)])
def test_each_size_lasts_for_its_share_of_training(step: int, side: int) -> None:
    assert grown(GROWTH, steps=20)(torch.rand(2, 3, 8, 8), step).shape == (2, 3, side, side)


def test_images_are_never_enlarged() -> None:
    images = torch.rand(2, 3, 5, 5)
    assert grown(GROWTH, steps=20)(images, 7) is images


@pytest.mark.parametrize(("side", "smaller"), [(8, 4), (32, 24), (9, 7)])
def test_images_are_made_smaller_as_pillow_does_it(side: int, smaller: int) -> None:
    image = torch.rand(side, side)
    expected = np.asarray(Image.fromarray(image.numpy()).resize((smaller, smaller), Image.Resampling.BILINEAR))
    torch.testing.assert_close(made_smaller(image[None, None], smaller)[0, 0], torch.from_numpy(expected.copy()))


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_the_order_of_values_in_memory_is_kept(layout: torch.memory_format) -> None:
    images = torch.rand(2, 3, 8, 8).contiguous(memory_format=layout)
    assert made_smaller(images, 4).is_contiguous(memory_format=layout)


@pytest.mark.parametrize(
    ("sides", "until"), [((6, 4), (0.2, 0.4)), ((0,), (0.5,)), ((4,), ()), ((4,), (1.0,)), ((4, 6), (0.5, 0.25))]
)
def test_sizes_that_do_not_rise_are_refused(sides: tuple[int, ...], until: tuple[float, ...]) -> None:
    with pytest.raises(ResnetlabError, match="Growth"):
        Growth(sides, until)
