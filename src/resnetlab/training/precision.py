"""In which numbers and in which memory format a network is trained, and why."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

from resnetlab.core.errors import ResnetlabError
from resnetlab.training.config import OnOff, Precision

FAST_ON_PROCESSORS = ("amx_bf16", "avx512_bf16")
AMPERE = (8, 0)  # the first compute capability of CUDA with bfloat16


@dataclass(frozen=True)
class Choice:
    """What was chosen, in words too.

    Args:
        precision: "fp32", "bf16" or "fp16".
        device: "cpu", "cuda", "mps".
        reason: a clause.
    """

    precision: str
    device: str
    reason: str

    @property
    def dtype(self) -> torch.dtype:
        """Of the activations of convolutions and linear layers."""
        return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[self.precision]

    def autocast(self) -> AbstractContextManager[object]:
        """The context of a forward pass; parameters and batch statistics stay float32."""
        return nullcontext() if self.precision == "fp32" else torch.autocast(self.device, self.dtype)

    @property
    def scales_loss(self) -> bool:
        """Whether gradients would underflow without: float16 has five bits of exponent."""
        return self.precision == "fp16"


def choose_precision(device: str, asked: Precision = "auto") -> Choice:
    """The numbers to compute in; "auto" takes what this device does fast.

    Raises:
        ResnetlabError: the device cannot train in what was asked for.
    """
    if asked == "fp16" and device == "cpu":
        raise ResnetlabError("--precision fp16: no processor trains fast in float16\ngive bf16, fp32 or auto")
    if asked != "auto":
        return Choice(asked, device, "as asked")
    if device == "cuda":
        ampere = torch.cuda.get_device_capability() >= AMPERE
        return Choice("bf16" if ampere else "fp16", device, f"this GPU has {'' if ampere else 'no '}bfloat16")
    if device == "cpu":
        fast = [name for name in FAST_ON_PROCESSORS if _capabilities().get(name)]
        reason = f"this processor has {fast[0]}" if fast else f"this processor has neither of {FAST_ON_PROCESSORS}"
        return Choice("bf16" if fast else "fp32", device, reason)
    return Choice("fp32", device, f"mixed precision was never measured on {device}")


def choose_channels_last(device: str, asked: OnOff = "auto") -> tuple[bool, str]:
    """Whether images and weights lie in memory pixel by pixel, and why."""
    if asked != "auto":
        return asked == "on", "as asked"
    fast = device in ("cpu", "cuda")
    return fast, f"convolutions on {device} are {'faster so' if fast else 'not known to be faster so'}"


def _capabilities() -> dict[str, object]:
    """What the processor can do, by the names that PyTorch has for it; nothing where PyTorch does not tell."""
    return dict(getattr(torch.cpu, "get_capabilities", dict)())
