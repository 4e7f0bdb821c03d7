"""The last map that all of a network works on is found in any layout, and Grad-CAM of it is its formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import timm
import torch
import torchvision
from timm.models.mlp_mixer import MlpMixer
from torch import Tensor, nn

from resnetlab.analysis.attribution import grad_cam
from resnetlab.analysis.feature_maps import MapLayout, last_feature_map
from resnetlab.core.errors import ResnetlabError

CLASSES = torch.tensor([3, 0])


def pictures(*size: int) -> Tensor:
    return torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(1))


def swin(**changes: Any) -> nn.Module:
    small: dict[str, Any] = {"img_size": 32, "window_size": 4, "embed_dim": 16, "depths": (1, 1), "num_heads": (2, 2)}
    return timm.create_model("swin_tiny_patch4_window7_224", num_classes=5, **small | changes)


def vit(**changes: Any) -> nn.Module:
    return timm.create_model("vit_tiny_patch16_224", img_size=32, patch_size=8, depth=3, num_classes=5, **changes)


def torchvision_swin() -> nn.Module:
    sides: dict[str, Any] = {"patch_size": [4, 4], "window_size": [4, 4]}
    return torchvision.models.SwinTransformer(embed_dim=16, depths=[1, 1], num_heads=[2, 2], num_classes=5, **sides)


def torchvision_vit() -> nn.Module:
    """Its head begins with zeros, which no gradient would pass."""
    model: Any = torchvision.models.VisionTransformer(32, 8, num_layers=3, num_heads=2, hidden_dim=24, mlp_dim=48)
    nn.init.normal_(model.heads.head.weight)
    return model


def mixer() -> nn.Module:
    model: Any = MlpMixer(img_size=32, patch_size=8, embed_dim=32, num_blocks=2, num_classes=5)
    nn.init.normal_(model.head.weight)
    return model


def convnext() -> nn.Module:
    return timm.create_model("convnext_tiny", depths=(1, 1, 1, 1), dims=(8, 8, 16, 16), num_classes=5)


LAST = MapLayout(4, 4, channels_last=True)
TOKENS = MapLayout(4, 4, channels_last=True, tokens=True)
BEHIND_A_CLASS_TOKEN = MapLayout(4, 4, channels_last=True, tokens=True, prefix=1)
MAPS: dict[str, tuple[Callable[[], nn.Module], str, MapLayout]] = {
    "Swin of timm": (swin, "norm", LAST),
    "Swin of torchvision": (torchvision_swin, "permute", MapLayout(4, 4)),
    "ViT that reads its class token": (vit, "blocks.1", BEHIND_A_CLASS_TOKEN),
    "ViT that reads all": (lambda: vit(global_pool="avg", class_token=False), "blocks", TOKENS),
    "ViT with registers": (
        lambda: vit(reg_tokens=4),
        "blocks.1",
        MapLayout(4, 4, channels_last=True, tokens=True, prefix=5),
    ),
    "ViT of torchvision": (torchvision_vit, "encoder.layers.encoder_layer_1", BEHIND_A_CLASS_TOKEN),
    "MLP-Mixer": (mixer, "norm", TOKENS),
}


@pytest.mark.parametrize(("make", "layer", "layout"), MAPS.values(), ids=MAPS)
def test_the_last_map_of_any_layout_is_found(make: Callable[[], nn.Module], layer: str, layout: MapLayout) -> None:
    torch.manual_seed(0)
    model = make().eval()
    found = last_feature_map(model, pictures(32, 32))
    assert (found.layer, found.layout) == (layer, layout)
    cam = grad_cam(model, pictures(32, 32), CLASSES)
    assert cam.layout == layout.words
    torch.testing.assert_close(cam.maps, by_hand(model, layer, pictures(32, 32), layout.prefix))


def by_hand(model: nn.Module, layer: str, images: Tensor, prefix: int = 0) -> Tensor:
    """Grad-CAM as its equations have it, for maps of 4 × 4 or any whose channels stand where they look to."""
    held: list[Tensor] = []
    handle = model.get_submodule(layer).register_forward_hook(lambda module, inputs, output: held.append(output))
    logits = model(images)
    handle.remove()
    (slopes,) = torch.autograd.grad(logits[range(len(images)), CLASSES].sum(), held[0])
    maps, slopes = (tensor[:, prefix:] if tensor.dim() == 3 else tensor for tensor in (held[0], slopes))
    if maps.dim() == 3:
        maps, slopes = (tensor.transpose(1, 2).unflatten(2, (4, 4)) for tensor in (maps, slopes))
    elif maps.shape[1] == maps.shape[2]:
        maps, slopes = (tensor.permute(0, 3, 1, 2) for tensor in (maps, slopes))
    return (slopes.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1).relu().detach()


def test_behind_a_mean_it_is_the_head_laid_over_the_map() -> None:
    """Paper: Zhou et al. 2016, Equation 2, over the number of places."""
    torch.manual_seed(0)
    model: Any = swin().eval()
    held: list[Tensor] = []
    model.norm.register_forward_hook(lambda module, inputs, output: held.append(output.detach()))
    found = grad_cam(model, pictures(32, 32), CLASSES)
    weights = model.head.fc.weight[CLASSES].detach()
    expected = torch.einsum("nhwc,nc->nhw", held[-1], weights).relu() / 16
    assert expected.any()
    torch.testing.assert_close(found.maps, expected)


def test_a_layer_inside_convnext_has_its_channels_last() -> None:
    torch.manual_seed(0)
    model = convnext().eval()
    found = grad_cam(model, pictures(64, 64), CLASSES, layer="stages.2.blocks.0.norm")
    assert (found.layout, found.maps.shape) == ("channels last", (2, 4, 4))
    torch.testing.assert_close(found.maps, by_hand(model, "stages.2.blocks.0.norm", pictures(64, 64)))


def test_an_image_need_not_be_square() -> None:
    model = torchvision.models.resnet18(num_classes=5).eval()
    found = last_feature_map(model, pictures(64, 96))
    assert (found.layer, found.layout) == ("layer4", MapLayout(2, 3))
    assert grad_cam(swin(img_size=(32, 64)).eval(), pictures(32, 64), CLASSES).maps.shape == (2, 4, 8)


@pytest.mark.parametrize("layer", ["fc", "avgpool"])
def test_a_layer_that_gives_no_map_is_refused(layer: str) -> None:
    model = torchvision.models.resnet18(num_classes=5).eval()
    with pytest.raises(ResnetlabError, match=f"module '{layer}' gives no feature map of more than one position"):
        grad_cam(model, pictures(64, 64), CLASSES, layer=layer)


def test_a_head_of_zeros_that_no_gradient_passes_is_told() -> None:
    model: Any = torchvision.models.resnet18(num_classes=5).eval()
    nn.init.zeros_(model.fc.weight)
    with pytest.raises(ResnetlabError, match="no gradient of a logit comes to any map of ResNet"):
        last_feature_map(model, pictures(64, 64))


def test_a_network_whose_image_goes_around_every_map_is_told() -> None:
    class TwoWays(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.fc = nn.Conv2d(3, 5, 3), nn.Linear(3, 5)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(x).mean((2, 3)) + self.fc(x.mean((2, 3)))

    with pytest.raises(ResnetlabError, match="no module inside TwoWays gives a map of more than one position"):
        last_feature_map(TwoWays(), pictures(8, 8))
