"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise, Mistake

FIRST_CONVOLUTION = "self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)"
SECOND_CONVOLUTION = "self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)"
FIRST_NORM, SECOND_NORM = "self.bn1 = nn.BatchNorm2d(channels)", "self.bn2 = nn.BatchNorm2d(channels)"
FIRST, SECOND, SUM = "y = F.relu(self.bn1(self.conv1(x)))", "y = self.bn2(self.conv2(y))", "return F.relu(y + x)"

EXERCISE = Exercise(
    name="basic_block",
    title="Basic block",
    asks=("BasicBlock",),
    hints=(
        "Draw the two ways from x to the output, and count: how many convolutions, norms and ReLUs are on each?",
        "conv1, bn1, ReLU, conv2, bn2; then the sum with x; then the last ReLU. Four layers hold parameters.",
        "nn.Conv2d(channels, channels, 3, padding=1, bias=False) twice, nn.BatchNorm2d(channels) twice.",
    ),
    mistakes=(
        Mistake(
            "relu-before-the-addition",
            "the second ReLU stands before the addition: the branch can then only add, never take away",
            ((SUM, "return F.relu(y) + x"),),
        ),
        Mistake(
            "relu-on-the-branch-too",
            "a ReLU stands before the addition as well as after it: the branch can then only add, never take away",
            ((SUM, "return F.relu(F.relu(y) + x)"),),
        ),
        Mistake("relu-missing-after-the-addition", "the ReLU after the addition is missing", ((SUM, "return y + x"),)),
        Mistake(
            "relu-missing-inside",
            "the ReLU between the convolutions is missing: without it the two are one linear layer",
            ((FIRST, "y = self.bn1(self.conv1(x))"),),
        ),
        Mistake("no-skip", "x is not added: this is a plain block", ((SUM, "return F.relu(y)"),)),
        Mistake(
            "bias-kept",
            "the convolutions have a bias, which the norm behind them takes away again: bias=False",
            (
                (FIRST_CONVOLUTION, "self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)"),
                (SECOND_CONVOLUTION, "self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)"),
            ),
        ),
        Mistake(
            "one-norm-for-both",
            "one norm serves both convolutions: their statistics differ, so each needs a norm of its own",
            ((SECOND_NORM, "self.bn2 = self.bn1"),),
        ),
        Mistake(
            "norm-missing",
            "there is no norm behind the second convolution",
            ((SECOND_NORM, "pass"), (SECOND, "y = self.conv2(y)")),
        ),
        Mistake(
            "padding-off-by-one",
            "a 3x3 convolution without padding takes two rows and columns away: padding=1 keeps the size",
            (
                (FIRST_CONVOLUTION, "self.conv1 = nn.Conv2d(channels, channels, 3, bias=False)"),
                (SECOND_CONVOLUTION, "self.conv2 = nn.Conv2d(channels, channels, 3, padding=2, bias=False)"),
            ),
        ),
        Mistake(
            "padding-forgotten",
            "neither convolution is padded, and each takes two rows and columns away: padding=1 keeps the size",
            (
                (FIRST_CONVOLUTION, "self.conv1 = nn.Conv2d(channels, channels, 3, bias=False)"),
                (SECOND_CONVOLUTION, "self.conv2 = nn.Conv2d(channels, channels, 3, bias=False)"),
            ),
        ),
        Mistake(
            "left-in-training-mode",
            "evaluation normalises by the batch: the norms keep no running averages, or are told to train",
            (
                (FIRST_NORM, "self.bn1 = nn.BatchNorm2d(channels, track_running_stats=False)"),
                (SECOND_NORM, "self.bn2 = nn.BatchNorm2d(channels, track_running_stats=False)"),
            ),
        ),
        Mistake(
            "x-overwritten",
            "the middle of the branch is written into x, and that is what is added: keep x for the sum",
            ((FIRST, "y = x = F.relu(self.bn1(self.conv1(x)))"),),
        ),
        Mistake(
            "added-to-itself",
            "the branch's output is added to itself: x is what is to be added, and has to be kept for that",
            ((SUM, "return F.relu(y + y)"),),
        ),
        Mistake(
            "in-place-relu-eats-the-skip",
            "a ReLU has changed x in place before the sum takes it: the skip has lost its negative values",
            ((FIRST, "y = F.relu(self.bn1(self.conv1(F.relu(x, inplace=True))))"),),
        ),
        Mistake(
            "relu-before-the-norm",
            "the first ReLU stands before its norm: the order is conv, BN, ReLU",
            ((FIRST, "y = self.bn1(F.relu(self.conv1(x)))"),),
        ),
        Mistake(
            "convolution-used-twice",
            "one convolution is used twice, the other never: they have weights of their own",
            ((SECOND, "y = self.bn2(self.conv1(y))"),),
        ),
    ),
)
