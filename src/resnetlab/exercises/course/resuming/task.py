"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise, Mistake

NETWORK = '    run.network.load_state_dict(state["network"])\n'
OPTIMISER = '    run.optimiser.load_state_dict(state["optimiser"])\n'
SCHEDULE = '    run.schedule.load_state_dict(state["schedule"])\n'
ORDER = '    run.generator.set_state(state["order"])\n'
RANDOM = '    torch.set_rng_state(state["random"])\n'
STEP = '    run.step = state["step"]\n'

EXERCISE = Exercise(
    name="resuming",
    title="A training loop that resumes exactly",
    asks=("train", "checkpoint", "resume"),
    hints=(
        "List everything that is different after a step. Which of it is not in the network's state dict?",
        "Network, optimiser and schedule have state_dict(); run.generator has get_state(), PyTorch "
        "torch.get_rng_state().",
        "copy.deepcopy the six of them, with run.step; resume sets all six back; train begins with "
        "run.network.train().",
    ),
    mistakes=(
        Mistake(
            "velocity-forgotten",
            "the optimiser's state is not brought back: momentum begins from nothing, at the first learning rate",
            ((OPTIMISER, ""),),
        ),
        Mistake(
            "schedule-forgotten",
            "the schedule's state is not brought back: it counts from 0, and lowers the rate at another step",
            ((SCHEDULE, ""),),
        ),
        Mistake(
            "order-forgotten",
            "the state of run.generator is not brought back: other images come than would have come",
            ((ORDER, ""),),
        ),
        Mistake(
            "dropout-forgotten",
            "PyTorch's own random state is not brought back: dropout leaves out other numbers",
            ((RANDOM, ""),),
        ),
        Mistake(
            "seeded-again",
            "the seed is set again instead of the state: the random numbers are those of the beginning, or of no run",
            ((RANDOM, "    torch.manual_seed(0)\n"), (ORDER, "    run.generator.manual_seed(0)\n")),
        ),
        Mistake(
            "running-averages-forgotten",
            "only parameters are brought back; running averages are buffers, and belong to the network's state too",
            (
                (
                    NETWORK,
                    "    for name, parameter in run.network.named_parameters():\n"
                    "        parameter.data.copy_(state['network'][name])\n",
                ),
            ),
        ),
        Mistake(
            "network-forgotten",
            "the network's weights are not brought back",
            ((NETWORK, ""),),
        ),
        Mistake(
            "step-forgotten",
            "run.step is not brought back: the run makes the steps again that it made before",
            ((STEP, ""),),
        ),
        Mistake(
            "no-copy",
            "the checkpoint changed while the run went on: a state dict holds the tensors themselves, so copy it",
            (("return copy.deepcopy(state)", "return state"),),
        ),
        Mistake(
            "used-up",
            "the checkpoint works once: an optimiser that loads a state takes its tensors and changes them; copy "
            "it here too",
            (
                (
                    "    state = copy.deepcopy(state)  # the optimiser takes the tensors themselves, and goes on "
                    "to change them\n",
                    "",
                ),
            ),
        ),
        Mistake(
            "gradients-added-up",
            "gradients are not set to zero, so every step adds those of all steps before it",
            (("        run.optimiser.zero_grad()\n", ""),),
        ),
        Mistake(
            "left-in-evaluation",
            "an evaluation has left the network in evaluation mode, and training goes on in it: call network.train()",
            (("    run.network.train()\n", ""),),
        ),
        Mistake(
            "schedule-before-optimiser",
            "the schedule steps before the optimiser: the first learning rate is used for a step less",
            (
                (
                    "        run.optimiser.step()\n        run.schedule.step()\n",
                    "        run.schedule.step()\n        run.optimiser.step()\n",
                ),
            ),
        ),
        Mistake(
            "one-step-too-many",
            "one step too many is made: until run.step is `until`, not beyond",
            (("while run.step < until:", "while run.step <= until:"),),
        ),
    ),
)
