"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise, Mistake

FIRST = "self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)"
MIDDLE = "self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)"
LAST = "self.conv3 = nn.Conv2d(width, out_channels, 1, bias=False)"
FIRST_LINE = "y = F.relu(self.bn1(self.conv1(x)))"
MIDDLE_LINE, LAST_LINE = "y = F.relu(self.bn2(self.conv2(y)))", "y = self.bn3(self.conv3(y))"
SUM = "return F.relu(y + self.shortcut(x))"
WITHOUT_STRIDE = "self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)"

EXERCISE = Exercise(
    name="bottleneck",
    title="Bottleneck block",
    asks=("Bottleneck",),
    hints=(
        "Write down the channels after each of the three convolutions, and after the shortcut. Which of them strides?",
        "in_channels to width (1x1), width to width (3x3, stride, padding 1), width to 4 * width (1x1).",
        "Each convolution with bias=False and a norm of its own; ReLU after norms 1 and 2, and after the addition.",
    ),
    mistakes=(
        Mistake(
            "stride-in-the-first-1x1",
            "the first 1x1 strides, as in the paper: here the 3x3 does, so that every pixel is seen (v1.5)",
            (
                (FIRST, "self.conv1 = nn.Conv2d(in_channels, width, 1, stride=stride, bias=False)"),
                (MIDDLE, WITHOUT_STRIDE),
            ),
        ),
        Mistake(
            "stride-twice",
            "the first 1x1 strides and the 3x3 too: the image is a quarter as high and wide, not half",
            ((FIRST, "self.conv1 = nn.Conv2d(in_channels, width, 1, stride=stride, bias=False)"),),
        ),
        Mistake(
            "stride-in-the-last-1x1",
            "the last 1x1 strides: it throws away what the 3x3 has computed; the 3x3 strides",
            (
                (LAST, "self.conv3 = nn.Conv2d(width, out_channels, 1, stride=stride, bias=False)"),
                (MIDDLE, WITHOUT_STRIDE),
            ),
        ),
        Mistake(
            "relu-before-the-addition",
            "the third ReLU stands before the addition: the branch can then only add, never take away",
            ((SUM, "return F.relu(y) + self.shortcut(x)"),),
        ),
        Mistake(
            "relu-missing-after-the-addition",
            "the ReLU after the addition is missing",
            ((SUM, "return y + self.shortcut(x)"),),
        ),
        Mistake(
            "relu-missing-inside",
            "the ReLU behind the second norm is missing",
            ((MIDDLE_LINE, "y = self.bn2(self.conv2(y))"),),
        ),
        Mistake(
            "bias-kept",
            "the convolutions have a bias, which the norm behind them takes away again: bias=False",
            (
                (FIRST, "self.conv1 = nn.Conv2d(in_channels, width, 1)"),
                (MIDDLE, "self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1)"),
                (LAST, "self.conv3 = nn.Conv2d(width, out_channels, 1)"),
            ),
        ),
        Mistake(
            "wrong-expansion",
            "the output does not have 4 * width channels: width is that of the 3x3, and the last 1x1 expands it",
            (("out_channels = width * self.expansion", "out_channels = width"),),
        ),
        Mistake(
            "width-divided",
            "width is taken for the output's channels, and the 3x3 gets a quarter of it: width is the inner one",
            (
                (
                    "out_channels = width * self.expansion",
                    "out_channels, width = width, max(1, width // self.expansion)",
                ),
            ),
        ),
        Mistake(
            "no-skip",
            "the shortcut is not added: this is a plain block",
            ((SUM, "return F.relu(y)"),),
        ),
        Mistake(
            "last-norm-missing",
            "there is no norm behind the last convolution",
            (("self.bn3 = nn.BatchNorm2d(out_channels)", "pass"), (LAST_LINE, "y = self.conv3(y)")),
        ),
        Mistake(
            "one-norm-for-two",
            "the first two convolutions share a norm: their statistics differ, so each needs a norm of its own",
            (("self.bn2 = nn.BatchNorm2d(width)", "self.bn2 = self.bn1"),),
        ),
        Mistake(
            "padding-off-by-one",
            "the 3x3 convolution has no padding, and takes a border away: padding=1 keeps the size",
            ((MIDDLE, "self.conv2 = nn.Conv2d(width, width, 3, stride=stride, bias=False)"),),
        ),
        Mistake(
            "x-overwritten",
            "the branch's first output is written into x, and the shortcut takes that: keep x for it",
            ((FIRST_LINE, "y = x = F.relu(self.bn1(self.conv1(x)))"),),
        ),
        Mistake(
            "shortcut-takes-the-branch",
            "the shortcut is given the branch's output; it starts from x",
            (
                (LAST_LINE, "x = y = self.bn3(self.conv3(y))"),
                (
                    "make_shortcut(in_channels, out_channels, stride)\n        # ",
                    "make_shortcut(out_channels, out_channels, 1)\n        # ",
                ),
            ),
        ),
    ),
)
