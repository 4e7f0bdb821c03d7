"""Clones tensor by tensor."""

import torch
from torch.nn.functional import cross_entropy


def train(run, until):
    while run.step != until:
        run.network.train(True)
        images, labels = run.draw()
        for parameter in run.network.parameters():
            parameter.grad = None
        cross_entropy(run.network(images), labels).backward()
        run.optimiser.step()
        run.schedule.step()
        run.step = run.step + 1


def checkpoint(run):
    optimiser = run.optimiser.state_dict()
    return {
        "weights": {name: tensor.clone() for name, tensor in run.network.state_dict().items()},
        "velocities": [None if velocity is None else velocity.clone() for velocity in optimiser["velocities"]],
        "rate": optimiser["rate"],
        "schedule": dict(run.schedule.state_dict()),
        "random": (run.generator.get_state().clone(), torch.get_rng_state().clone()),
        "step": run.step,
    }


def resume(run, state):
    with torch.no_grad():
        for name, tensor in run.network.state_dict().items():
            tensor.copy_(state["weights"][name])
    velocities = [None if velocity is None else velocity.clone() for velocity in state["velocities"]]
    run.optimiser.load_state_dict({"rate": state["rate"], "velocities": velocities})
    run.schedule.load_state_dict(state["schedule"])
    run.step = state["step"]
    run.generator.set_state(state["random"][0])
    torch.set_rng_state(state["random"][1])
