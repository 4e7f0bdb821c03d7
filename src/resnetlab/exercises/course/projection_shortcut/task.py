"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise, Mistake

TEST = "if stride == 1 and in_channels == out_channels:"
CONVOLUTION = "nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False)"
BOTH = "return nn.Sequential(conv, nn.BatchNorm2d(out_channels))"

EXERCISE = Exercise(
    name="projection_shortcut",
    title="Projection shortcut (option B)",
    asks=("make_shortcut",),
    hints=(
        "Two things can keep x from fitting F(x). In which cases does it fit as it is?",
        "nn.Identity() if neither channels nor size change; else a 1x1 convolution with the block's stride, then BN.",
        "nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), then nn.BatchNorm2d(out_channels).",
    ),
    mistakes=(
        Mistake(
            "shortcut-without-norm",
            "there is no batch norm behind the projection",
            ((BOTH, "return conv"),),
        ),
        Mistake(
            "bias-kept",
            "the projection has a bias, which the norm behind it takes away again: bias=False",
            ((CONVOLUTION, "nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride)"),),
        ),
        Mistake(
            "one-change-is-enough",
            "x is passed on as it is where channels or size fit; both have to: a change of either changes the shape",
            ((TEST, "if stride == 1 or in_channels == out_channels:"),),
        ),
        Mistake(
            "stride-forgotten",
            "the projection does not stride: the branch's image is smaller than the shortcut's",
            ((CONVOLUTION, "nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False)"),),
        ),
        Mistake(
            "kernel-3x3",
            "the projection looks at 3x3 pixels; it is to map channels only: kernel size 1",
            ((CONVOLUTION, "nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False)"),),
        ),
        Mistake(
            "padding-off-by-one",
            "the 1x1 convolution has a padding of 1, which adds a border of zeros to the image: it needs none",
            ((CONVOLUTION, "nn.Conv2d(in_channels, out_channels, 1, stride=stride, padding=1, bias=False)"),),
        ),
        Mistake(
            "relu-on-the-shortcut",
            "the shortcut ends in a ReLU: it has to let negative values through",
            ((BOTH, "return nn.Sequential(conv, nn.BatchNorm2d(out_channels), nn.ReLU())"),),
        ),
        Mistake(
            "projects-everywhere",
            "x is projected where it fits already: that is option C; option B keeps the identity there",
            ((TEST, "if False:"),),
        ),
        Mistake(
            "only-where-channels-change",
            "the shortcut is the identity wherever the channels stay, also where the stride makes the image smaller",
            ((TEST, "if in_channels == out_channels:"),),
        ),
        Mistake(
            "only-where-strided",
            "the shortcut is the identity wherever the stride is 1, also where the channels change",
            ((TEST, "if stride == 1:"),),
        ),
        Mistake(
            "pooled",
            "the image is made smaller by average pooling: ResNet-D does that; here the convolution strides",
            (
                (
                    BOTH,
                    "conv.stride = (1, 1)\n    pool = nn.AvgPool2d(stride, stride, ceil_mode=True)\n"
                    "    return nn.Sequential(pool, conv, nn.BatchNorm2d(out_channels))",
                ),
            ),
        ),
        Mistake(
            "pooled-without-the-rest",
            "the image is averaged to its size, and a rest at its edge is lost: the convolution is to stride",
            (
                (
                    BOTH,
                    "conv.stride = (1, 1)\n    pool = nn.AvgPool2d(stride)\n"
                    "    return nn.Sequential(pool, conv, nn.BatchNorm2d(out_channels))",
                ),
            ),
        ),
        Mistake(
            "norm-before-the-projection",
            "the norm stands before the convolution: it belongs behind it, with out_channels",
            ((BOTH, "return nn.Sequential(nn.BatchNorm2d(in_channels), conv)"),),
        ),
    ),
)
