"""A training loop that resumes exactly.

A run that was stopped and goes on should end where it would have ended undisturbed, to the bit; only rounding is
forgiven here. The weights alone do not do that. SGD with momentum has a velocity for each weight; a schedule knows how
far it is; batch norms have running averages; the order of the images and dropout come from random numbers, each with a
state of its own; and the loop has its step. What is forgotten shows as a small jump of the loss, or, worse, not at
all.

A state dict holds the tensors themselves, not copies: training goes on and changes them. What is to stay is copied.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch.nn import functional as F


def train(run: Any, until: int) -> None:
    """Train from run.step on, until it is `until`; in training mode, whatever mode the network comes in.

    Args:
        run: has network, optimiser and schedule (a step of it follows each step of the optimiser), both to be used
            as those of torch.optim are; generator (of the order), step (how many were made), and draw(), which gives
            the images and labels of the next step by it. The network has dropout, by PyTorch's own random numbers.
        until: number of steps.
    """
    # --- fill in ---
    run.network.train()
    while run.step < until:
        images, labels = run.draw()
        run.optimiser.zero_grad()
        F.cross_entropy(run.network(images), labels).backward()
        run.optimiser.step()
        run.schedule.step()
        run.step += 1
    # --- until here ---


def checkpoint(run: Any) -> dict[str, Any]:
    """Everything that `resume` needs; it stays as it is while the run goes on."""
    # --- fill in ---
    state = {
        "network": run.network.state_dict(),
        "optimiser": run.optimiser.state_dict(),
        "schedule": run.schedule.state_dict(),
        "order": run.generator.get_state(),
        "random": torch.get_rng_state(),
        "step": run.step,
    }
    return copy.deepcopy(state)
    # --- until here ---


def resume(run: Any, state: dict[str, Any]) -> None:
    """Bring a new run, made as the first one was, to where the first one stood.

    Args:
        run: as of `train`; its parts are new, and changed in place.
        state: that `checkpoint` gave; it may be used again.
    """
    # --- fill in ---
    state = copy.deepcopy(state)  # the optimiser takes the tensors themselves, and goes on to change them
    run.network.load_state_dict(state["network"])
    run.optimiser.load_state_dict(state["optimiser"])
    run.schedule.load_state_dict(state["schedule"])
    run.generator.set_state(state["order"])
    torch.set_rng_state(state["random"])
    run.step = state["step"]
    # --- until here ---
