"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise, Mistake

REMOVE = "stage[int(place)] = nn.Identity()"
BACK = "            stage[int(place)] = block\n"
RESTORE = "    for part, mode in modes.items():\n        part.training = mode\n"
ADDED = "added[name] = error() - whole"
ERROR = "return (network(images).argmax(1) != labels).double().mean().item()"
REMOVABLE = 'if hasattr(block, "downsample") and block.downsample is None:'
EVALUATION = "    network.eval()\n"

EXERCISE = Exercise(
    name="lesion_study",
    title="A lesion study",
    asks=("lesion_study",),
    hints=(
        "What does the network look like when the third block is measured: which blocks are in it, and in which "
        "mode is it?",
        "stage[int(place)] = nn.Identity() takes a block out, stage[int(place)] = block puts the same one back.",
        "name.rpartition('.') gives path and place; stage = network.get_submodule(path) is the nn.Sequential; eval() "
        "comes first.",
    ),
    mistakes=(
        Mistake(
            "not-put-back",
            "blocks are not put back: the second lesion is measured without the first block too, and so on",
            ((BACK, ""),),
        ),
        Mistake(
            "put-back-at-the-end",
            "the blocks come back only after the last measurement: each lesion is to be alone",
            (
                (BACK, "            removed = [*removed, (stage, place, block)]\n"),
                ("    added = {}\n", "    added = {}\n    removed = []\n"),
                (
                    RESTORE,
                    "    for stage, place, block in removed:\n        stage[int(place)] = block\n" + RESTORE,
                ),
            ),
        ),
        Mistake(
            "measured-in-training-mode",
            "the error is measured in training mode: with the batch's own statistics, and moving the running averages",
            ((EVALUATION, "    network.train()\n"),),
        ),
        Mistake(
            "mode-not-set",
            "the mode is left as it came: a network in training mode is measured by its batch, and its averages move",
            ((EVALUATION, ""),),
        ),
        Mistake(
            "left-in-evaluation",
            "the network is left in evaluation mode: bring it back to the mode that it came in",
            ((RESTORE, ""),),
        ),
        Mistake(
            "frozen-norms-woken",
            "every part is in one mode afterwards; norms that were frozen were in another: keep the mode of each part",
            ((RESTORE, "    network.train(modes[network])\n"),),
        ),
        Mistake(
            "whole-not-subtracted",
            "this is the error without the block; what the lesion adds to the whole network's error is asked",
            ((ADDED, "added[name] = error()"),),
        ),
        Mistake(
            "accuracy-for-error",
            "the sign is turned: a lesion that hurts adds to the error, and takes from the accuracy",
            ((ERROR, "return (network(images).argmax(1) == labels).double().mean().item()"),),
        ),
        Mistake(
            "skip-removed-too",
            "the block gives zeros: its skip was removed with it, and nothing comes through at all",
            ((REMOVE, "stage[int(place)] = nn.Threshold(float('inf'), 0.0)"),),
        ),
        Mistake(
            "skip-instead-of-branch",
            "the skip was removed and the branch stayed: that is a plain block; a lesion leaves the skip",
            (
                (
                    REMOVE,
                    "stage[int(place)] = nn.Sequential(block.conv1, block.bn1, nn.ReLU(), "
                    "block.conv2, block.bn2, *([nn.ReLU(), block.conv3, block.bn3] if hasattr(block, 'conv3') "
                    "else []),"
                    " nn.ReLU())",
                ),
            ),
        ),
        Mistake(
            "last-weights-zeroed",
            "the last convolution was zeroed: its norm still gives β and its running mean; a lesion leaves nothing",
            (
                (
                    REMOVE,
                    "last = block.conv3 if hasattr(block, 'conv3') else block.conv2\n"
                    "            weights = last.weight.detach().clone()\n"
                    "            nn.init.zeros_(last.weight)",
                ),
                (BACK, "            last.weight.data.copy_(weights)\n"),
            ),
        ),
        Mistake(
            "projections-removed",
            "blocks with a projection are removed too: without them the next block gets the wrong shape",
            ((REMOVABLE, 'if hasattr(block, "downsample"):'),),
        ),
        Mistake(
            "percent-for-share",
            "these are points of a hundred; shares were asked, 0.25 for a quarter",
            ((ADDED, "added[name] = 100 * (error() - whole)"),),
        ),
        Mistake(
            "images-counted",
            "these are numbers of images; the share of them is asked",
            ((ERROR, "return (network(images).argmax(1) != labels).double().sum().item()"),),
        ),
    ),
)
