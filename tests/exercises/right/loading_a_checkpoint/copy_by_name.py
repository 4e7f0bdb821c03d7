"""Looks every tensor up by what it may be called, then copies."""

import torch


def load(network, file):
    content = torch.load(str(file), map_location="cpu", weights_only=True)
    for key in ["model", "state_dict"]:
        if key in content:
            content = content[key]
    content = dict(content)
    pairs = []
    for name, tensor in network.state_dict().items():
        aliases = [prefix + other for prefix in ("", "module.") for other in {name, name.replace("fc.", "linear.")}]
        found = [content.pop(alias) for alias in aliases if alias in content]
        if not found and "num_batches_tracked" in name:
            continue
        if len(found) != 1 or found[0].shape != tensor.shape:
            raise ValueError(f"{name} does not fit")
        pairs.append((tensor, found[0]))
    if content:
        raise ValueError(f"not expected: {list(content)}")
    with torch.no_grad():
        for tensor, given in pairs:
            tensor.copy_(given)
