"""Blocks of any network are removed, and skips cut, where branch and skip meet: as if it had been done by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from resnetlab import create_model
from resnetlab.analysis.block_order import find_swaps, swap_blocks
from resnetlab.analysis.block_removal import cut_skips, find_removable, remove_each
from resnetlab.analysis.junctions import find_junctions, without_branches, without_skips
from resnetlab.analysis.scoring import Examples, score
from resnetlab.core.errors import ResnetlabError
from resnetlab.nn.merges import BranchOnly

IMAGE = (3, 32, 32)


def lively(model: nn.Module) -> nn.Module:
    """No branch is silent: norms' scales and scales of layers are drawn, and biases with them."""
    for parameter in model.parameters():
        if parameter.dim() == 1:
            nn.init.uniform_(parameter, 0.5, 1.5)
    return model.eval()


def pictures(count: int = 2) -> Tensor:
    return torch.randn(count, *IMAGE, generator=torch.Generator().manual_seed(1))


MAKERS: dict[str, Callable[[str], nn.Module]] = {
    "torchvision": lambda name: torchvision.models.get_model(name),
    "timm": lambda name: timm.create_model(name, img_size=32) if "vit" in name else timm.create_model(name),
    "ours": lambda name: create_model(name),
}
BY_HAND = [
    # network, number of blocks, the block to remove, the module whose zeros silence its branch
    ("torchvision:resnet50", 16, "layer2.0", "layer2.0.bn3"),
    ("timm:resnetv2_50", 16, "stages.1.blocks.0", "stages.1.blocks.0.conv3"),
    ("timm:convnext_atto", 12, "stages.2.blocks.4", "stages.2.blocks.4.mlp.fc2"),
    ("timm:vit_tiny_patch16_224", 24, "blocks.5.attn", "blocks.5.attn.proj"),
    ("timm:efficientnet_b0", 9, "blocks.2.1", "blocks.2.1.bn3"),
    ("ours:resnet20", 9, "layer2.0", "layer2.0.bn2"),
    ("ours:preact_resnet18", 8, "layer1.1", "layer1.1.conv2"),
]


@pytest.mark.parametrize(("reference", "blocks", "block", "silenced"), BY_HAND)
def test_a_removed_block_leaves_what_silencing_its_branch_by_hand_leaves(
    reference: str, blocks: int, block: str, silenced: str
) -> None:
    library, name = reference.split(":")
    torch.manual_seed(0)
    model = lively(MAKERS[library](name))
    junctions = find_junctions(model, IMAGE)
    assert len(junctions) == blocks
    (chosen,) = (junction for junction in junctions if junction.block == block)
    images = pictures()
    with torch.no_grad():
        whole = model(images)
        with without_branches(model, [chosen]):
            removed = model(images)
        assert torch.equal(model(images), whole)
        for parameter in model.get_submodule(silenced).parameters():
            parameter.zero_()
        by_hand = model(images)
    torch.testing.assert_close(removed, by_hand)
    assert (removed - whole).norm() > 1e-4 * whole.norm()


LESIONED = [
    # network, number of blocks, pairs of them that can change places
    ("ours:resnet20", 9, 5),
    ("timm:efficientnet_b0", 9, 5),
    ("timm:resnetv2_50", 16, 15),
    ("timm:vit_tiny_patch16_224", 24, 66),
    pytest.param("torchvision:resnet50", 16, 15, marks=pytest.mark.full),
    pytest.param("timm:resnet50", 16, 15, marks=pytest.mark.full),
    pytest.param("timm:convnext_tiny", 18, 45, marks=pytest.mark.full),
]


@pytest.mark.parametrize(("reference", "blocks", "pairs"), LESIONED)
def test_lesions_of_any_network_give_finite_scores_and_leave_its_state_as_it_was(
    reference: str, blocks: int, pairs: int
) -> None:
    library, name = reference.split(":")
    torch.manual_seed(0)
    model = lively(MAKERS[library](name))
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    examples = Examples(pictures(4), torch.arange(4), batch_size=2)
    removable, (intact, whole) = find_removable(model, examples), score(model, examples)
    found, swaps = removable.names, find_swaps(removable, examples.images)
    assert (len(found), len(swaps), removable.note) == (blocks, pairs, "")
    plain = cut_skips(removable, examples, whole)
    assert plain is not None
    several = remove_each(removable, [found[1:2], found[1:3]], examples, whole)
    lesions = [*several, *swap_blocks(model, swaps, 1, 0, examples, whole), plain]
    assert [len(lesion.blocks) for lesion in lesions] == [1, 2, 2, blocks]
    scores = [one for lesion in lesions for one in (lesion.score, lesion.reestimated) if one is not None]
    assert all(math.isfinite(one.loss) for one in scores)
    assert intact.loss not in {one.loss for one in scores}
    after = model.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[key], tensor) for key, tensor in before.items())


@pytest.mark.parametrize("reference", ["torchvision:vgg11", "torchvision:densenet121", "ours:plain20"])
def test_where_nothing_is_added_no_junction_is_found(reference: str) -> None:
    library, name = reference.split(":")
    assert find_junctions(MAKERS[library](name), IMAGE) == ()


def test_cut_skips_make_the_plain_twin() -> None:
    torch.manual_seed(0)
    model: Any = lively(create_model("resnet20"))
    junctions, images = find_junctions(model, IMAGE), pictures()
    with torch.no_grad():
        with without_skips(model, junctions):
            cut = model(images)
        for block in model.blocks:
            block.merge = BranchOnly()
        torch.testing.assert_close(cut, model(images))


def test_drop_paths_and_layer_scales_go_with_the_branch_in_training_too() -> None:
    torch.manual_seed(0)
    model = lively(timm.create_model("convnext_atto", drop_path_rate=0.5, ls_init_value=0.1)).train()
    junctions, images = find_junctions(model, IMAGE), pictures()
    with torch.no_grad():
        torch.manual_seed(1)
        with without_branches(model, junctions[3:5]):
            removed = model(images)
        for junction in junctions[3:5]:
            nn.init.zeros_(model.get_parameter(f"{junction.block}.gamma"))
        torch.manual_seed(1)
        torch.testing.assert_close(removed, model(images))


def sum_of_a_list(x: Tensor, y: Tensor, scale: Tensor) -> Tensor:
    total = sum([y, x])
    assert isinstance(total, Tensor)
    return total


def add_into_branch(x: Tensor, y: Tensor, scale: Tensor) -> Tensor:
    y += x
    return y


def add_into_branch_unnamed(x: Tensor, y: Tensor, scale: Tensor) -> Tensor:
    y.add_(x)
    return y


def add_into_skip(x: Tensor, y: Tensor, scale: Tensor) -> Tensor:
    x += y
    return x


MANNERS: dict[str, tuple[Callable[[Tensor, Tensor, Tensor], Tensor], float]] = {
    # how branch y joins skip x, and how much of the skip stays without the branch
    "x + y": (lambda x, y, scale: x + y, 1.0),
    "torch.add by name": (lambda x, y, scale: torch.add(other=x, input=y), 1.0),
    "half of the skip": (lambda x, y, scale: torch.add(y, x, alpha=0.5), 0.5),
    "sum of a list": (sum_of_a_list, 1.0),
    "y += x": (add_into_branch, 1.0),
    "y.add_(x)": (add_into_branch_unnamed, 1.0),
    "x += y": (add_into_skip, 1.0),
    "addcmul": (lambda x, y, scale: torch.addcmul(x, y, scale), 1.0),
    "lerp": (lambda x, y, scale: torch.lerp(x, y, 0.25), 0.75),
    "another sum before": (lambda x, y, scale: (y + scale) + x, 1.0),
}


class Block(nn.Module):
    def __init__(self, join: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.layer, self.scale, self.join = nn.Linear(4, 4), nn.Parameter(torch.full((4,), 0.3)), join

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu_(self.join(x, self.layer(x), self.scale))


@pytest.mark.parametrize("manner", MANNERS)
def test_however_the_sum_is_written_only_the_skip_stays(manner: str) -> None:
    join, kept = MANNERS[manner]
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 4), Block(join), Block(join))
    junctions, images = find_junctions(model, (6,)), torch.randn(5, 6)
    assert [junction.block for junction in junctions] == ["1", "2"]
    with torch.no_grad(), without_branches(model, junctions):
        found = model(images)
        expected = torch.relu(kept * torch.relu(kept * model[0](images)))
    torch.testing.assert_close(found, expected)


def test_a_module_that_runs_twice_is_two_blocks() -> None:
    torch.manual_seed(0)
    shared = Block(lambda x, y, scale: x + y)
    model = nn.Sequential(nn.Linear(6, 4), shared, shared)
    first, second = find_junctions(model, (6,))
    images = torch.randn(5, 6)
    with torch.no_grad(), without_branches(model, [second]):
        torch.testing.assert_close(model(images), shared(model[0](images)))
    assert (first.call.run, second.call.run) == (1, 2)


def test_a_module_that_runs_twice_is_removed_run_by_run() -> None:
    torch.manual_seed(0)
    shared = Block(lambda x, y, scale: x + y)
    model = nn.Sequential(nn.Linear(6, 4), shared, shared)
    examples = Examples(torch.randn(5, 6), torch.zeros(5, dtype=torch.long), 5)
    removable = find_removable(model, examples)
    assert removable.names == ("1.layer", "1.layer (run 2)")
    with torch.no_grad():
        features = model[0](examples.images)
        for name, left in zip(removable.names, (shared(features.relu()), shared(features)), strict=True):
            with removable.without([name]):
                torch.testing.assert_close(model(examples.images), left)


def test_a_network_that_takes_another_way_is_met_with_a_message() -> None:
    class Wayward(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block, self.through = Block(lambda x, y, scale: x + y), True

        def forward(self, x: Tensor) -> Tensor:
            return self.block(x) if self.through else self.block.layer(x)

    model = Wayward()
    junctions = find_junctions(model, (4,))
    model.through = False
    with pytest.raises(ResnetlabError, match="did not come by the sum of 'block'"), without_branches(model, junctions):
        model(torch.randn(2, 4))


def test_nothing_stays_behind(model: nn.Module, images: Tensor, fingerprint: Callable[[nn.Module], object]) -> None:
    before = fingerprint(model.eval())
    junctions = find_junctions(model, (3, 8, 8))
    with without_branches(model, junctions):
        model(images)
    with pytest.raises(RuntimeError), without_skips(model, junctions):
        model(torch.ones(2, 7, 8, 8))
    assert fingerprint(model) == before


def test_pytorchs_own_encoder_layers_are_blocks_too() -> None:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    model = nn.Sequential(nn.Linear(6, 8), nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)).eval()
    images = torch.randn(3, 5, 6)
    junctions = find_junctions(model, (5, 6))
    assert [junction.block for junction in junctions][::2] == ["1.layers.0.self_attn", "1.layers.1.self_attn"]
    with torch.no_grad():
        with without_branches(model, [junctions[2]]):
            removed = model(images)
        for parameter in model.get_submodule("1.layers.1.self_attn.out_proj").parameters():
            nn.init.zeros_(parameter)
        torch.testing.assert_close(removed, model(images))
