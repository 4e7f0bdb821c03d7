"""Lesions of any network are scored as by hand, whole modules stand in where no sum is found, and all is put back."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from resnetlab import create_model
from resnetlab.analysis.block_order import find_swaps, swap_blocks
from resnetlab.analysis.block_removal import cut_skips, find_removable, remove_one_at_a_time, remove_several
from resnetlab.analysis.blocks import removable_blocks
from resnetlab.analysis.lesions import lesioned
from resnetlab.analysis.scoring import Examples, batchnorm_reestimated, logits_of, score
from resnetlab.core.errors import ResnetlabError


@pytest.fixture
def examples(images: Tensor) -> Examples:
    return Examples(images, torch.arange(len(images)) % 5, batch_size=7)


def test_every_block_is_removed_alone_with_and_without_new_statistics(model: Any, examples: Examples) -> None:
    removable = find_removable(model, examples)
    whole, logits = score(model, examples)
    first, second = remove_one_at_a_time(removable, examples, logits)
    assert (first.blocks, second.blocks) == (("1.0",), ("1.1",))
    by_hand = copy.deepcopy(model)
    for parameter in by_hand[1][0].bn2.parameters():
        nn.init.zeros_(parameter)
    assert first.score.loss == pytest.approx(score(by_hand, examples)[0].loss, rel=1e-5)
    update_bn(examples.batches(), by_hand)
    assert first.reestimated is not None
    assert first.reestimated.loss == pytest.approx(score(by_hand, examples)[0].loss, rel=1e-4)
    assert len({whole.loss, first.score.loss, first.reestimated.loss}) == 3


def test_several_blocks_go_by_the_seed(examples: Examples) -> None:
    torch.manual_seed(0)
    model = create_model("resnet20", 5, width=2, depths=(1, 2, 2))
    removable = find_removable(model, examples)
    _, logits = score(model, examples)
    lesions = remove_several(removable, (2, 3), 2, 1, examples, logits)
    assert [len(lesion.blocks) for lesion in lesions] == [2, 2, 3, 3]
    assert lesions == remove_several(removable, (2, 3), 2, 1, examples, logits)
    assert lesions != remove_several(removable, (2, 3), 2, 2, examples, logits)


def test_the_plain_twin_is_scored(model: Any, examples: Examples) -> None:
    class Plain(nn.Module):
        def __init__(self, block: nn.Module) -> None:
            super().__init__()
            self.block: Any = block

        def forward(self, x: Tensor) -> Tensor:
            block = self.block
            return block.relu(block.bn2(block.conv2(block.relu(block.bn1(block.conv1(x))))))

    _, logits = score(model, examples)
    found = cut_skips(find_removable(model, examples), examples, logits)
    plain = nn.Sequential(model[0], *map(Plain, model[1]), *model[2:])
    assert found is not None
    assert found.score.loss == pytest.approx(score(plain, examples)[0].loss, rel=1e-5)


def test_only_batch_norms_train_while_they_are_reestimated(examples: Examples) -> None:
    model: Any = nn.Sequential(nn.BatchNorm2d(3), nn.Dropout(0.5), nn.Flatten(), nn.Linear(192, 5)).eval()
    with batchnorm_reestimated(model, examples):
        once = logits_of(model, examples)
        mean = model[0].running_mean.clone()
    with batchnorm_reestimated(model, examples):
        assert torch.equal(once, logits_of(model, examples))
    torch.testing.assert_close(mean, torch.stack([b.mean((0, 2, 3)) for b in examples.batches()]).mean(0))
    assert not model[0].running_mean.any()
    assert model[0].momentum == 0.1


def test_a_plain_network_loses_whole_modules_and_it_is_said(examples: Examples) -> None:
    model = create_model("plain20", 5, width=2)
    removable = find_removable(model, examples)
    _, logits = score(model, examples)
    assert removable.note.startswith("no residual addition was found: whole modules")
    assert len(remove_one_at_a_time(removable, examples, logits)) == len(removable.names) > 3
    assert cut_skips(removable, examples, logits) is None


def test_modules_that_look_at_numbers_are_removed_too_and_the_images_stay(examples: Examples) -> None:
    class Deciding(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(3, 3, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            return self.layer(x.neg_() if float(x.sum()) < 0 else x)

    model = nn.Sequential(nn.Sequential(Deciding(), Deciding()), nn.Flatten(), nn.Linear(192, 5))
    dark = -examples.images.abs()
    before = dark.clone()
    with torch.no_grad():
        assert list(removable_blocks(model, dark)) == ["0.0", "0.1"]
        with lesioned(model, ["0.0", "0.1"]):
            torch.testing.assert_close(model(dark), model[2](dark.flatten(1)))
    assert torch.equal(dark, before)


def test_without_blocks_nothing_is_removed_and_it_is_said(examples: Examples) -> None:
    with pytest.raises(ResnetlabError, match="no residual addition was found, and no module gives the shape"):
        find_removable(nn.Sequential(nn.Flatten(), nn.Linear(192, 5)), examples)


def test_a_network_that_takes_another_way_with_other_numbers_loses_whole_modules(
    model: nn.Module, examples: Examples
) -> None:
    class Undecided(nn.Module):
        """Skips where the image is dark, as the zeros that it is looked through with."""

        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.stem, self.blocks, self.head = inner[0], inner[1], inner[2:]

        def forward(self, x: Tensor) -> Tensor:
            dark = bool((x == 0).all())
            x = self.stem(x)
            for block in self.blocks:
                x = block(x) if dark else block.relu(block.bn2(block.conv2(block.relu(block.bn1(block.conv1(x))))))
            return self.head(x)

    with pytest.raises(ResnetlabError, match=r"did not come by the sum of 'blocks\.0' and 1 others, and no module"):
        find_removable(Undecided(model), examples)


SWAPS = [
    # network, side of its images, how many pairs, the first
    (lambda: torchvision.models.resnet18(num_classes=5), 64, 1, ("layer1.0", "layer1.1")),
    (lambda: timm.create_model("resnet50", layers=(1, 1, 1, 1), num_classes=5), 64, 0, None),
    (lambda: create_model("resnet20", 5, width=2), 32, 5, ("layer1.0", "layer1.1")),
    (lambda: timm.create_model("vit_tiny_patch16_224", img_size=32, depth=3), 32, 3, ("blocks.0", "blocks.1")),
]


@pytest.mark.parametrize(("make", "side", "count", "first"), SWAPS, ids=["basic", "one a stage", "resnet20", "vit"])
def test_blocks_of_one_shape_can_change_places(
    make: Callable[[], nn.Module], side: int, count: int, first: tuple[str, str] | None
) -> None:
    torch.manual_seed(0)
    model = make().eval()
    examples = Examples(torch.randn(4, 3, side, side), torch.arange(4))
    pairs = find_swaps(find_removable(model, examples), examples.images)
    assert len(pairs) == count
    if first is None:
        return
    assert pairs[0] == first
    _, logits = score(model, examples)
    (lesion,) = swap_blocks(model, pairs[:1], 4, 0, examples, logits)
    one, other = (model.get_submodule(name) for name in first)
    state = copy.deepcopy(one.state_dict())
    one.load_state_dict(other.state_dict())
    other.load_state_dict(state)
    assert lesion.score.loss == pytest.approx(score(model, examples)[0].loss, rel=1e-4)


def test_nothing_stays_behind(
    model: nn.Module, examples: Examples, fingerprint: Callable[[nn.Module], object]
) -> None:
    before = fingerprint(model.train())
    removable = find_removable(model, examples)
    _, logits = score(model, examples)
    remove_one_at_a_time(removable, examples, logits)
    cut_skips(removable, examples, logits)
    swap_blocks(model, find_swaps(removable, examples.images), 1, 0, examples, logits)
    assert fingerprint(model) == before
