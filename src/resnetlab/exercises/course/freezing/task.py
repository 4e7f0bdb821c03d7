"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise, Mistake

ASK = "        network.get_submodule(part).requires_grad_(False)\n"
LEFT = "return [parameter for parameter in network.parameters() if parameter.requires_grad]"
SLEEP = "        network.get_submodule(part).eval()\n"

EXERCISE = Exercise(
    name="freezing",
    title="Freezing for fine-tuning, batch norm included",
    asks=("freeze", "to_training_mode"),
    hints=(
        "Which numbers of a batch norm change in training although no optimiser knows them? In which mode do "
        "they rest?",
        "module.requires_grad_(False) reaches every parameter inside. network.train() wakes every module: what "
        "comes after?",
        "network.train(), and then network.get_submodule(part).eval() for every frozen part.",
    ),
    mistakes=(
        Mistake(
            "running-averages-forgotten",
            "the weights are frozen, and the running averages still move: the norms in frozen parts are in "
            "training mode",
            ((SLEEP, "        pass\n"),),
        ),
        Mistake(
            "attribute-of-the-module",
            "requires_grad was set on the module, where it means nothing; its parameters have it: "
            "requires_grad_(False)",
            ((ASK, "        network.get_submodule(part).requires_grad = False\n"),),
        ),
        Mistake(
            "names-that-begin-alike",
            "a name that only begins like a part's is frozen with it: layer10 is not in layer1",
            (
                (
                    ASK,
                    "        for name, parameter in network.named_parameters():\n"
                    "            if name.startswith(part):\n                parameter.requires_grad_(False)\n",
                ),
            ),
        ),
        Mistake(
            "gamma-and-beta-still-learn",
            "the norms in frozen parts still train γ and β: they are parameters like any other",
            (
                (
                    ASK,
                    ASK + "        for module in network.get_submodule(part).modules():\n"
                    "            if isinstance(module, nn.BatchNorm2d):\n                "
                    "module.requires_grad_(True)\n",
                ),
            ),
        ),
        Mistake(
            "every-norm-frozen",
            "the norms of all parts are in evaluation mode; parts that learn use, and move, their own statistics",
            (
                (
                    "    network.train()\n",
                    "    network.train()\n    for module in network.modules():\n"
                    "        if isinstance(module, nn.BatchNorm2d):\n            module.eval()\n",
                ),
            ),
        ),
        Mistake(
            "all-given-to-the-optimiser",
            "the frozen parameters are given to the optimiser too",
            ((LEFT, "return list(network.parameters())"),),
        ),
        Mistake(
            "all-but-the-parts",
            "it is the wrong way round: the named parts are trained, and all others frozen",
            (
                (ASK, ""),
                (
                    "    for part in parts:\n    return",
                    "    inside = {id(p) for part in parts for p in "
                    "network.get_submodule(part).parameters()}\n    for parameter in network.parameters():\n"
                    "        parameter.requires_grad_(id(parameter) in inside)\n    return",
                ),
            ),
        ),
        Mistake(
            "training-mode-forgotten",
            "what is to be trained is not brought back to training mode: an evaluation has left it in the other",
            (("    network.train()\n", ""),),
        ),
    ),
)
