"""A function for each step."""

import torch


def unwrapped(held):
    return next((held[key] for key in ("state_dict", "model") if key in held), held)


def renamed(name):
    parts = name.split(".")
    if parts[0] == "module":
        parts = parts[1:]
    if parts[0] == "linear":
        parts[0] = "fc"
    return ".".join(parts)


def shapes(state):
    return {name: tuple(tensor.shape) for name, tensor in state.items() if "num_batches_tracked" not in name}


def load(network, file):
    with open(file, "rb") as opened:
        state = {renamed(name): tensor for name, tensor in unwrapped(torch.load(opened, weights_only=True)).items()}
    if shapes(state) != shapes(network.state_dict()):
        raise ValueError(f"{file} is of another network")
    result = network.load_state_dict(state, strict=False)
    assert not result.unexpected_keys
