"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise, Mistake

PATH = "return self.conv2(F.relu(self.bn2(self.conv1(h)))) + skip"
ACTIVATED = "h = F.relu(self.bn1(x))"
SKIP = "skip = x if self.downsample is None else self.downsample(h)"
FIRST = "self.bn1 = nn.BatchNorm2d(in_channels)"
PROJECTION = "nn.Conv2d(in_channels, channels, 1, stride=stride, bias=False)"

EXERCISE = Exercise(
    name="pre_activation_block",
    title="Pre-activation block",
    asks=("PreActivationBlock",),
    hints=(
        "Write the branch as a chain of six words. With which of them does it begin, and what is left after the "
        "addition?",
        "bn1 normalises x itself, so it has in_channels. A 1x1 convolution on the skip takes relu(bn1(x)), the "
        "identity x.",
        "h = relu(bn1(x)); y = conv2(relu(bn2(conv1(h)))) + (x, or downsample(h) where the shape changes).",
    ),
    mistakes=(
        Mistake(
            "post-activation",
            "norm and ReLU follow the convolutions and the addition: that is the original block of 2015",
            (
                (FIRST, "self.bn1 = nn.BatchNorm2d(channels)"),
                (ACTIVATED, "h = x"),
                (PATH, "return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(h))))) + skip)"),
            ),
        ),
        Mistake(
            "relu-after-addition",
            "a ReLU follows the addition; nothing does, so that x comes through as it is",
            ((PATH, "return F.relu(self.conv2(F.relu(self.bn2(self.conv1(h)))) + skip)"),),
        ),
        Mistake(
            "skip-takes-the-activated",
            "the identity carries relu(bn1(x)) instead of x: name what you activate differently, or keep x before",
            ((SKIP, "skip = h if self.downsample is None else self.downsample(h)"),),
        ),
        Mistake(
            "projection-takes-x",
            "the 1x1 convolution takes x; where the shape changes, skip and branch share the first BN and ReLU",
            ((SKIP, "skip = x if self.downsample is None else self.downsample(x)"),),
        ),
        Mistake(
            "norm-on-the-projection",
            "a batch norm follows the 1x1 convolution, as in the original block; here it stands alone",
            ((PROJECTION, f"nn.Sequential({PROJECTION}, nn.BatchNorm2d(channels))"),),
        ),
        Mistake(
            "bias-kept",
            "the convolutions have a bias; a norm follows the first and takes it away again: bias=False",
            (
                ("3, stride=stride, padding=1, bias=False)", "3, stride=stride, padding=1)"),
                ("3, padding=1, bias=False)", "3, padding=1)"),
            ),
        ),
        Mistake(
            "stride-in-the-second",
            "the second convolution has the stride; the first has it, so that the second works on the smaller image",
            (
                ("3, stride=stride, padding=1, bias=False)", "3, padding=1, bias=False)"),
                (
                    "self.conv2 = nn.Conv2d(channels, channels, 3, padding=1,",
                    "self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, stride=stride,",
                ),
            ),
        ),
        Mistake(
            "relu-before-norm",
            "ReLU stands before the norm; the order is BN, ReLU, convolution",
            (
                (ACTIVATED, "h = self.bn1(F.relu(x))"),
                (PATH, "return self.conv2(self.bn2(F.relu(self.conv1(h)))) + skip"),
            ),
        ),
        Mistake(
            "second-relu-missing",
            "no ReLU stands before the second convolution: two convolutions in a row are one",
            ((PATH, "return self.conv2(self.bn2(self.conv1(h))) + skip"),),
        ),
        Mistake(
            "first-activation-missing",
            "the branch begins with the convolution: it needs BN and ReLU before the first one too",
            ((ACTIVATED, "h = x"),),
        ),
        Mistake(
            "addition-missing",
            "the skip is not added: this is a plain block",
            ((PATH, "return self.conv2(F.relu(self.bn2(self.conv1(h))))"),),
        ),
    ),
)
