"""Mixup and cutmix mix images and labels in the same share, the same for the same seed and step."""

from __future__ import annotations

import pytest
import torch
from scipy import stats

from resnetlab.data.mixing import mix
from resnetlab.specs.augmentation import Augmentation

LABELS = torch.tensor([0, 1, 2, 3])
IMAGES = LABELS.float().view(4, 1, 1, 1).expand(4, 3, 32, 32).contiguous()


def test_labels_stay_numbers_where_nothing_is_mixed() -> None:
    images, labels = mix(IMAGES, LABELS, 4, Augmentation(), 0, 0)
    assert images is IMAGES
    assert labels is LABELS


@pytest.mark.parametrize("asked", [Augmentation(mixup=1), Augmentation(cutmix=1), Augmentation(mixup=1, cutmix=1)])
def test_an_image_holds_of_each_class_what_its_label_says(asked: Augmentation) -> None:
    for step in range(8):
        images, shares = mix(IMAGES, LABELS, 4, asked, 0, step)
        torch.testing.assert_close(shares.sum(1), torch.ones(4))
        torch.testing.assert_close(images.mean((1, 2, 3)), shares @ torch.arange(4.0))


def test_a_share_follows_from_seed_and_step_alone() -> None:
    asked = Augmentation(mixup=0.4)
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    one = mix(IMAGES, LABELS, 4, asked, 3, 9)[1]
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(1)
    assert torch.equal(mix(IMAGES, LABELS, 4, asked, 3, 9)[1], one)
    assert not torch.equal(mix(IMAGES, LABELS, 4, asked, 3, 10)[1], one)


def test_shares_come_from_the_beta_distribution() -> None:
    shares = [mix(IMAGES[:, :, :1, :1], LABELS, 4, Augmentation(mixup=0.4), 0, step)[1][0, 0] for step in range(400)]
    assert stats.kstest(torch.stack(shares).numpy(), stats.beta(0.4, 0.4).cdf).pvalue > 1e-4


def test_with_both_each_batch_gets_one_of_them() -> None:
    asked = Augmentation(mixup=1, cutmix=1)
    pasted = [(mix(IMAGES, LABELS, 4, asked, 0, step)[0] % 1 == 0).all().item() for step in range(200)]
    assert stats.binomtest(sum(pasted), 200).pvalue > 1e-4
