"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise, Mistake

LAST = 'last: Any = block.bn3 if hasattr(block, "bn3") else block.bn2'
GAMMA = "            nn.init.zeros_(last.weight)\n"
BETA = "            nn.init.zeros_(last.bias)\n"

EXERCISE = Exercise(
    name="zero_gamma",
    title="Zero γ: a block that begins as the identity",
    asks=("start_as_identity",),
    hints=(
        "What multiplies everything that a branch computes, last of all? And what is added after that?",
        "Walk through network.modules(); a block is one with conv2. In a bottleneck the last norm is not bn2.",
        "nn.init.zeros_(last.weight) and nn.init.zeros_(last.bias), with last = block.bn3 where there is one, "
        "else bn2.",
    ),
    mistakes=(
        Mistake(
            "all-weights-zero",
            "the convolutions are zeroed: then a zero meets a zero, and they get no gradient; zero the last norm "
            "alone",
            (
                (
                    GAMMA,
                    "            for layer in (block.conv1, block.conv2, getattr(block, 'conv3', block.conv2)):\n"
                    "                nn.init.zeros_(layer.weight)\n",
                ),
            ),
        ),
        Mistake(
            "everything-zero",
            "all parameters of the block are zeroed: then every factor has another zero beside it, and none ever gets "
            "a gradient; zero the last norm alone",
            (
                (
                    GAMMA,
                    "            for parameter in block.parameters():\n                nn.init.zeros_(parameter)\n",
                ),
            ),
        ),
        Mistake(
            "first-norm",
            "the first norm of the branch is zeroed: its ReLU then gives zeros and no gradient, so that neither it "
            "nor a convolution ever learns",
            ((LAST, "last = block.bn1"),),
        ),
        Mistake(
            "every-norm-of-the-branch",
            "all norms of the branch are zeroed: then none of them gets a gradient through the others, and it "
            "never wakes up",
            (
                (
                    GAMMA,
                    "            for norm in (block.bn1, block.bn2, last):\n"
                    "                nn.init.zeros_(norm.weight)\n                nn.init.zeros_(norm.bias)\n",
                ),
            ),
        ),
        Mistake(
            "second-norm-of-a-bottleneck",
            "bn2 is zeroed in bottlenecks too; their last norm is bn3",
            ((LAST, "last = block.bn2"),),
        ),
        Mistake(
            "beta-left",
            "γ is zero and β is not: the branch then gives β everywhere, whatever comes in",
            ((BETA, ""),),
        ),
        Mistake(
            "gamma-left",
            "β is zero and γ is not: only γ takes away what the convolutions computed",
            ((GAMMA, ""),),
        ),
        Mistake(
            "frozen-at-zero",
            "γ is not trained any more: a block that is to wake up needs its gradient",
            ((BETA, "            nn.init.zeros_(last.bias)\n            last.weight.requires_grad_(False)\n"),),
        ),
        Mistake(
            "norm-on-the-skip",
            "the projection's norm is zeroed too: then neither way brings anything through",
            (
                (
                    BETA,
                    "            nn.init.zeros_(last.bias)\n            if block.downsample is not None:\n"
                    "                nn.init.zeros_(block.downsample[1].weight)\n"
                    "                nn.init.zeros_(block.downsample[1].bias)\n",
                ),
            ),
        ),
        Mistake(
            "every-norm-of-the-network",
            "every batch norm is zeroed, the stem's too: then nothing reaches the head",
            (
                ('        if hasattr(block, "conv2"):', "        if isinstance(block, nn.BatchNorm2d):"),
                (LAST, "last = block"),
            ),
        ),
        Mistake(
            "one-block-only",
            "the first block alone is changed; every block of every stage is meant",
            ((BETA, "            nn.init.zeros_(last.bias)\n            break\n"),),
        ),
    ),
)
