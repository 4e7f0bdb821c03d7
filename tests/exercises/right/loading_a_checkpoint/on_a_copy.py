"""Loads a copy first: what raises there has changed nothing."""

import copy
import re

import torch


def load(network, file):
    checkpoint = torch.load(file)
    state = checkpoint.get("state_dict") or checkpoint.get("model") or checkpoint
    renamed = {
        re.sub(r"^(module\.)?(linear(?=\.))?", lambda m: "fc" if m[2] else "", key): state[key] for key in state
    }
    for key, value in network.state_dict().items():
        if key.endswith(".num_batches_tracked"):
            renamed.setdefault(key, value)
    try:
        copy.deepcopy(network).load_state_dict(renamed, strict=True)
    except RuntimeError as error:
        raise ValueError("does not fit") from error
    network.load_state_dict(renamed)
