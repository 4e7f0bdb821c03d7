"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import NOT_POOLED, SOFTMAX_AT_THE_END, Exercise, Mistake

STEM = "self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)"
STAGES = "((width, 1), (2 * width, 2), (4 * width, 2))"
FIRST, LAST = "x = F.relu(self.bn1(self.conv1(images)))", "return self.fc(x.mean((2, 3)))"

EXERCISE = Exercise(
    name="cifar_resnet20",
    title="ResNet-20 for CIFAR-10",
    asks=("ResNet20",),
    hints=(
        "Count layers with weights: one in the stem, one at the end. How many blocks of two are left of 20?",
        "3x3 stem, batch norm, ReLU; 3 blocks of width, 3 of 2 * width, 3 of 4 * width; mean over pixels; linear.",
        "Only the first blocks of the second and third stage stride. x.mean((2, 3)) has shape (n, 4 * width).",
    ),
    mistakes=(
        Mistake(
            "imagenet-stem",
            "the stem is that of ImageNet, 7x7 with a stride of 2: on 32x32 it is one 3x3 without a stride",
            ((STEM, "self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)"),),
        ),
        Mistake(
            "max-pool-kept",
            "the stem pools: that is for large images; here the first stage sees all 32x32 pixels",
            ((FIRST, "x = F.max_pool2d(F.relu(self.bn1(self.conv1(images))), 3, 2, 1)"),),
        ),
        Mistake(
            "stride-in-the-first-stage",
            "the first stage strides: it keeps the image's size",
            ((STAGES, "((width, 2), (2 * width, 2), (4 * width, 2))"),),
        ),
        Mistake(
            "stride-missing",
            "the stages do not halve the image: the second and the third do",
            ((STAGES, "((width, 1), (2 * width, 1), (4 * width, 1))"),),
        ),
        Mistake(
            "stride-in-every-block",
            "every block of a stage strides: only its first one does",
            (("first_stride if place == 0 else 1", "first_stride"),),
        ),
        Mistake(
            "depth-miscounted",
            "each stage has two blocks, which makes 14 layers: 6n + 2 = 20 gives n = 3",
            (("range(3)", "range(2)"),),
        ),
        Mistake(
            "one-block-too-many",
            "each stage has four blocks, which makes 26 layers: 6n + 2 = 20 gives n = 3",
            (("range(3)", "range(4)"),),
        ),
        Mistake(
            "a-fourth-stage",
            "there are four stages, as for ImageNet: here there are three",
            ((STAGES, "((width, 1), (2 * width, 2), (4 * width, 2), (8 * width, 2))"),),
        ),
        Mistake(
            "widths-not-doubled",
            "all stages have the first one's width: it doubles where the image is halved",
            ((STAGES, "((width, 1), (width, 2), (width, 2))"),),
        ),
        Mistake(
            "stem-without-relu",
            "the ReLU of the stem is missing",
            ((FIRST, "x = self.bn1(self.conv1(images))"),),
        ),
        Mistake(
            "stem-without-norm",
            "the stem has no batch norm",
            (("self.bn1 = nn.BatchNorm2d(width)", "pass"), (FIRST, "x = F.relu(self.conv1(images))")),
        ),
        Mistake(
            "bias-kept",
            "the stem's convolution has a bias, which the norm behind it takes away again: bias=False",
            ((STEM, "self.conv1 = nn.Conv2d(3, width, 3, padding=1)"),),
        ),
        Mistake(
            "maximum-instead-of-mean",
            "the largest pixel of each channel goes into the linear layer: the mean does",
            ((LAST, "return self.fc(x.amax((2, 3)))"),),
        ),
        Mistake(
            "width-ignored",
            "the first stage has 16 channels, whatever `width` says",
            ((STEM, "width = 16\n        " + STEM),),
        ),
        Mistake(
            "softmax-at-the-end",
            SOFTMAX_AT_THE_END,
            ((LAST, "return self.fc(x.mean((2, 3))).softmax(1)"),),
        ),
        Mistake(
            "flattened-without-pooling",
            NOT_POOLED,
            ((LAST, "return self.fc(x.flatten(1))"),),
        ),
    ),
)
