"""Where tensors live."""

from __future__ import annotations

from typing import Literal

from resnetlab.core.errors import ResnetlabError

DeviceName = Literal["auto", "cpu", "cuda", "mps"]


def choose_device(name: DeviceName = "auto") -> str:
    """The device of this name; "auto" takes the fastest at hand.

    Raises:
        ResnetlabError: the machine has no such device.
    """
    import torch  # here, so that reading the command line does not wait for it

    at_hand = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return next(device for device, present in at_hand.items() if present)
    if not at_hand.get(name):
        present = ", ".join(device for device, there in at_hand.items() if there)
        raise ResnetlabError(f"--device {name}: PyTorch finds no such device here\nat hand: {present}")
    return name
