"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import NOT_POOLED, SOFTMAX_AT_THE_END, Exercise, Mistake

STEM = "self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)"
POOL = "self.pool = nn.MaxPool2d(3, stride=2, padding=1)"
DEPTHS, STRIDE = "(3, 4, 6, 3)", "stride = 2 if place == 0 and number > 0 else 1"
MADE = "stages.append(Bottleneck(channels, width * 2**number, stride))"
FIRST, LAST = "x = self.pool(F.relu(self.bn1(self.conv1(images))))", "return self.fc(x.mean((2, 3)))"

EXERCISE = Exercise(
    name="resnet50",
    title="ResNet-50",
    asks=("ResNet50",),
    hints=(
        "Table 1 of the paper has it row by row. Which rows halve the image, and which part of each row does it?",
        "7x7 stem with stride 2, batch norm, ReLU, 3x3 max-pooling with stride 2; depths (3, 4, 6, 3); mean; linear.",
        "nn.MaxPool2d(3, stride=2, padding=1); a block gives 4 times its width; the head gets 32 * width channels.",
    ),
    mistakes=(
        Mistake(
            "depths-of-another-network",
            "the stages are those of ResNet-101, with 23 blocks in the third: ResNet-50 has (3, 4, 6, 3)",
            ((f"enumerate({DEPTHS})", "enumerate((3, 4, 23, 3))"),),
        ),
        Mistake(
            "depths-in-the-wrong-order",
            "the stages' depths stand in the wrong order: (3, 4, 6, 3), the third is the deepest",
            ((f"enumerate({DEPTHS})", "enumerate((3, 6, 4, 3))"),),
        ),
        Mistake(
            "stride-in-the-first-stage",
            "the first stage strides too: the max-pooling has halved the image already",
            ((STRIDE, "stride = 2 if place == 0 else 1"),),
        ),
        Mistake(
            "stride-in-every-block",
            "every block of a stage strides: only its first one does",
            ((STRIDE, "stride = 2 if number > 0 else 1"),),
        ),
        Mistake(
            "stride-missing",
            "no stage halves the image: the second, the third and the fourth do",
            ((STRIDE, "stride = 1"),),
        ),
        Mistake(
            "no-max-pool",
            "the max-pooling after the stem is missing: the first stage would see 112x112 pixels",
            ((FIRST, "x = F.relu(self.bn1(self.conv1(images)))"),),
        ),
        Mistake(
            "average-pool-in-the-stem",
            "the stem averages 3x3 pixels: it takes their maximum",
            ((POOL, "self.pool = nn.AvgPool2d(3, stride=2, padding=1)"),),
        ),
        Mistake(
            "cifar-stem",
            "the stem is that of CIFAR networks, 3x3 without a stride: on large images it is 7x7 with a stride of 2",
            (
                (STEM, "self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)"),
                (FIRST, "x = F.relu(self.bn1(self.conv1(images)))"),
            ),
        ),
        Mistake(
            "padding-off-by-one",
            "the 7x7 convolution has a padding of 2: 3 keeps every second pixel in the middle of a window",
            ((STEM, "self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=2, bias=False)"),),
        ),
        Mistake(
            "pool-without-padding",
            "the max-pooling has no padding: with padding=1 it halves the image exactly",
            ((POOL, "self.pool = nn.MaxPool2d(3, stride=2)"),),
        ),
        Mistake(
            "stem-without-relu",
            "the ReLU of the stem is missing",
            ((FIRST, "x = self.pool(self.bn1(self.conv1(images)))"),),
        ),
        Mistake(
            "bias-kept",
            "the stem's convolution has a bias, which the norm behind it takes away again: bias=False",
            ((STEM, "self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3)"),),
        ),
        Mistake(
            "expansion-forgotten",
            "a block's output is taken for width channels: a bottleneck gives 4 * width",
            (("channels = width * 2**number * Bottleneck.expansion", "channels = width * 2**number"),),
        ),
        Mistake(
            "widths-not-doubled",
            "all stages have the first one's width: it doubles from stage to stage",
            (
                (MADE, "stages.append(Bottleneck(channels, width, stride))"),
                ("channels = width * 2**number * Bottleneck.expansion", "channels = width * Bottleneck.expansion"),
            ),
        ),
        Mistake(
            "width-ignored",
            "the stem has 64 channels, whatever `width` says",
            ((STEM, "width = 64\n        " + STEM),),
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
