"""VGG: convolutions one after the other, with nothing round them."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnetlab.nn.classifier import Classifier
from resnetlab.nn.init import initialise
from resnetlab.nn.input_size import refuse_small_images
from resnetlab.nn.layers import activation, convolution, normalisation
from resnetlab.specs.vgg import VGGSpec

torch.fx.wrap("refuse_small_images")

POOLED_SIDE = 7  # pixels a side that the first linear layer sees, whatever the image's size


class VGG(Classifier):
    """The network that a `VGGSpec` describes, with torchvision's names: `features.0`, `classifier.6`.

    Paper:
        Simonyan & Zisserman 2015, Table 1.
    Deviation:
        Images of other sizes than 224 are brought to 7×7 features by average-pooling, as in torchvision.

    Args:
        spec: what to build. It stays readable as `model.spec`.
    """

    head = "classifier.6"
    head_dropouts = ("classifier.2", "classifier.5")
    spec: VGGSpec

    def __init__(self, spec: VGGSpec) -> None:
        super().__init__()
        self.spec = spec
        self.num_features = spec.hidden
        self.features = nn.Sequential(*_features(spec))
        self.avgpool = nn.AdaptiveAvgPool2d(POOLED_SIDE)
        self.classifier = nn.Sequential(
            nn.Linear(spec.widths[-1] * POOLED_SIDE**2, spec.hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(spec.head_dropout),
            nn.Linear(spec.hidden, spec.hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(spec.head_dropout),
            nn.Linear(spec.hidden, spec.num_classes),
        )
        initialise(self, spec.init, spec.init_gain)

    def forward_features(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f i j"]:
        """The last stage's feature map."""
        refuse_small_images(images, self.spec.smallest_input, self.spec.name)
        return self.features(images)

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        return self.classifier(self.avgpool(self.forward_features(images)).flatten(1))


def _features(spec: VGGSpec) -> list[nn.Module]:
    """Every stage's convolutions, each normalised where the spec says so, then the halving."""
    channels, layers = spec.in_channels, list[nn.Module]()
    for width, depth in zip(spec.widths, spec.depths, strict=True):
        for _ in range(depth):
            layers.append(convolution(channels, width, 3, bias=True))
            if spec.norm == "batch":
                layers.append(normalisation(spec.norm, width))
            layers.append(activation("relu"))
            channels = width
        layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
    return layers
