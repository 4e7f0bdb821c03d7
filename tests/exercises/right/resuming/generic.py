"""Every part that has a state dict, whatever it is."""

from copy import deepcopy

import torch


def parts(run):
    return {name: part for name, part in vars(run).items() if hasattr(part, "state_dict")}


def train(run, until):
    run.network.train()
    steps = until - run.step
    for _ in range(steps):
        images, labels = run.draw()
        log_probabilities = run.network(images).log_softmax(dim=1)
        loss = torch.nn.functional.nll_loss(log_probabilities, labels)
        run.optimiser.zero_grad()
        loss.backward()
        run.optimiser.step()
        run.schedule.step()
    run.step += max(steps, 0)


def checkpoint(run):
    states = {name: deepcopy(part.state_dict()) for name, part in parts(run).items()}
    return {
        "states": states,
        "step": int(run.step),
        "order": run.generator.get_state(),
        "dropout": torch.get_rng_state(),
    }


def resume(run, state):
    for name, part in parts(run).items():
        part.load_state_dict(deepcopy(state["states"][name]))
    run.generator.set_state(state["order"])
    torch.set_rng_state(state["dropout"])
    run.step = state["step"]
