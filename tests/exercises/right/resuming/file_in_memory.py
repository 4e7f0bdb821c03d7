"""Through a file in memory, as a real run would."""

import io

import torch
from torch import nn

PARTS = ("network", "optimiser", "schedule")


def train(run, until):
    criterion = nn.CrossEntropyLoss()
    run.network.train()
    for _ in range(run.step, until):
        images, labels = run.draw()
        loss = criterion(run.network(images), labels)
        run.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        run.optimiser.step()
        run.schedule.step()
        run.step += 1


def checkpoint(run):
    held = io.BytesIO()
    parts = {part: getattr(run, part).state_dict() for part in PARTS}
    torch.save(
        {**parts, "generators": [run.generator.get_state(), torch.random.get_rng_state()], "at": run.step}, held
    )
    return {"file": held.getvalue()}


def resume(run, state):
    held = torch.load(io.BytesIO(state["file"]), weights_only=True)
    for part in PARTS:
        getattr(run, part).load_state_dict(held[part])
    run.generator.set_state(held["generators"][0])
    torch.random.set_rng_state(held["generators"][1])
    run.step = held["at"]
