"""The names of the best-known repositories of CIFAR networks, and the statistics by which each normalises images."""

from __future__ import annotations

from resnetlab.specs.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from resnetlab.weights.layouts.layout import Layout, Rows

AS_IMAGENET = Preprocessing(32, 32, IMAGENET_MEAN, IMAGENET_STD)
USUAL = Preprocessing(32, 32, (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
"""Most CIFAR code's; that std is the mean of the images' own, over all pixels it is 0.2470, 0.2435, 0.2616."""
OF_ALL_PIXELS = Preprocessing(32, 32, (125.3 / 255, 123.0 / 255, 113.9 / 255), (63.0 / 255, 62.1 / 255, 66.7 / 255))
OF_CIFAR_100 = Preprocessing(32, 32, (0.50708, 0.48655, 0.44092), (0.26733, 0.25644, 0.27615))

SHORTCUT: Rows = (("layer{s}.{b}.downsample.{k}", "layer{s}.{b}.shortcut.{k}"),)
LINEAR_HEAD: Rows = (*SHORTCUT, ("fc", "linear"))
RESIDUAL_FUNCTION: Rows = (
    ("conv1", "conv1.0"),
    ("bn1", "conv1.1"),
    ("layer{s}.{b}.conv1", "conv{s+1}_x.{b}.residual_function.0"),
    ("layer{s}.{b}.bn1", "conv{s+1}_x.{b}.residual_function.1"),
    ("layer{s}.{b}.conv2", "conv{s+1}_x.{b}.residual_function.3"),
    ("layer{s}.{b}.bn2", "conv{s+1}_x.{b}.residual_function.4"),
    ("layer{s}.{b}.conv3", "conv{s+1}_x.{b}.residual_function.6"),
    ("layer{s}.{b}.bn3", "conv{s+1}_x.{b}.residual_function.7"),
    ("layer{s}.{b}.downsample.{k}", "conv{s+1}_x.{b}.shortcut.{k}"),
)
WIDE_BLOCKS: Rows = (
    ("layer{s}.{b}.downsample.0", "block{s}.layer.{b}.convShortcut"),
    ("layer{s}.{b}.{m}", "block{s}.layer.{b}.{m}"),
    ("norm", "bn1"),
)

LAYOUTS = (
    Layout(
        "kuangliu/pytorch-cifar",
        "resnet",
        LINEAR_HEAD,
        ("layer4.0.conv1.weight", "linear.weight"),
        preprocessing=USUAL,
    ),
    Layout(
        "akamaster/pytorch_resnet_cifar10",
        "resnet",
        LINEAR_HEAD,
        ("layer3.0.conv1.weight", "linear.weight"),
        preprocessing=AS_IMAGENET,
    ),
    Layout(
        "other CIFAR repositories",
        "resnet",
        SHORTCUT,
        ("layer2.0.shortcut.0.weight", "fc.weight"),
        preprocessing=USUAL,
    ),
    Layout(
        "weiaicunzai/pytorch-cifar100",
        "resnet",
        RESIDUAL_FUNCTION,
        ("conv2_x.0.residual_function.0.weight", "fc.weight"),
        preprocessing=OF_CIFAR_100,
    ),
    Layout(
        "xternalz/WideResNet-pytorch",
        "preactivation resnet",
        WIDE_BLOCKS,
        ("block1.layer.0.conv1.weight", "fc.weight"),
        preprocessing=OF_ALL_PIXELS,
    ),
)
