"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise, Mistake

PARAMETERS = "return sum(p.numel() for p in network.parameters() if p.requires_grad or not trainable_only)"
COST = "counted += output[0].numel() * layer.weight[0].numel()"
REMOVE = "    for hook in hooks:\n        hook.remove()\n"
RESTORE = "    for part, mode in modes.items():\n        part.training = mode\n"
EVALUATION = "    network.eval()  # so that no running average moves\n"

EXERCISE = Exercise(
    name="counting",
    title="Counting parameters and multiply-adds",
    asks=("count_parameters", "count_multiply_adds"),
    hints=(
        "How many products make one number of a convolution's output? And how many numbers does it give for one "
        "image?",
        "register_forward_hook(count) calls count(layer, inputs, output) at every call; weight[0] is what makes "
        "one number.",
        "output[0].numel() * layer.weight[0].numel() holds for Conv2d and Linear; then hook.remove(), and each "
        "part's own mode again.",
    ),
    mistakes=(
        Mistake(
            "positions-forgotten",
            "weights are counted as multiply-adds; each weight is used once at every position of the output",
            ((COST, "counted += layer.weight.numel()"),),
        ),
        Mistake(
            "flops-for-multiply-adds",
            "this counts floating-point operations: a multiply-add is one here, not two",
            ((COST, "counted += 2 * output[0].numel() * layer.weight[0].numel()"),),
        ),
        Mistake(
            "positions-of-the-input",
            "the positions of the input are counted; a stride gives fewer outputs, and only those are computed",
            (
                (
                    COST,
                    "counted += inputs[0][0].numel() // layer.weight[0].shape[0] // getattr(layer, 'groups', 1)"
                    " * layer.weight.numel()",
                ),
            ),
        ),
        Mistake(
            "groups-ignored",
            "groups are left out: with g groups each output sees a g-th of the channels",
            ((COST, "counted += output[0].numel() * layer.weight[0].numel() * getattr(layer, 'groups', 1)"),),
        ),
        Mistake(
            "biases-counted",
            "the additions of the bias are counted; by convention they are left out of the multiply-adds",
            ((COST, "counted += output[0].numel() * (layer.weight[0].numel() + (layer.bias is not None))"),),
        ),
        Mistake(
            "linear-layers-forgotten",
            "linear layers are left out; in VGG-16 they hold most of the weights",
            (("nn.Conv2d | nn.Linear)", "nn.Conv2d)"),),
        ),
        Mistake(
            "second-call-forgotten",
            "a layer that is called twice is counted once; each call costs",
            (
                ("    counted = 0\n", "    counted = 0\n    known = set()\n"),
                (COST, "if layer in known:\n            return\n        known.add(layer)\n        " + COST),
            ),
        ),
        Mistake(
            "hooks-left-behind",
            "the hooks are still on the network: remove each one that you register",
            ((REMOVE, ""),),
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
            "running-averages-moved",
            "the pass in training mode moved the running averages: an image of zeros has left its mark",
            ((EVALUATION, ""), ("torch.zeros(1, *image)", "torch.zeros(2, *image)")),
        ),
        Mistake(
            "buffers-counted",
            "running averages are counted as parameters: they are buffers, nothing learns them",
            ((PARAMETERS, PARAMETERS + " + sum(b.numel() for b in network.buffers())"),),
        ),
        Mistake(
            "frozen-always-left-out",
            "parameters without a gradient are never counted; they are left out only where that is asked for",
            ((PARAMETERS, "return sum(p.numel() for p in network.parameters() if p.requires_grad)"),),
        ),
        Mistake(
            "frozen-never-left-out",
            "parameters that ask for no gradient are counted among the trainable ones",
            ((PARAMETERS, "return sum(p.numel() for p in network.parameters())"),),
        ),
        Mistake(
            "shared-counted-twice",
            "a tensor that two layers share is counted twice: network.parameters() gives it once",
            (
                (
                    PARAMETERS,
                    "return sum(p.numel() for part in network.modules() for p in part.parameters(recurse=False) "
                    "if p.requires_grad or not trainable_only)",
                ),
            ),
        ),
    ),
)
