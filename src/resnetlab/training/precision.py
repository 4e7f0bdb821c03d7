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
    narrow = has_fast_bfloat16(device)
    if device == "cuda":
        return Choice("bf16" if narrow else "fp16", device, f"this GPU has {'' if narrow else 'no '}bfloat16")
    if device == "cpu":
        names = " and no ".join(FAST_ON_PROCESSORS)
        reason = f"this processor has {_units()[0]}" if narrow else f"this processor has no {names}"
        return Choice("bf16" if narrow else "fp32", device, reason)
    return Choice("fp32", device, f"mixed precision was never measured on {device}")


def has_fast_bfloat16(device: str) -> bool:
    """Whether the device has units for it; without them a product takes twenty times as long as in float32."""
    if device == "cuda":
        return torch.cuda.get_device_capability() >= AMPERE
    return device == "cpu" and bool(_units())


def choose_channels_last(device: str, asked: OnOff = "auto") -> tuple[bool, str]:
    """Whether images and weights lie in memory pixel by pixel, and why."""
    if asked != "auto":
        return asked == "on", "as asked"
    fast = device in ("cpu", "cuda")
    return fast, f"convolutions on {device} are {'faster so' if fast else 'not known to be faster so'}"


def _units() -> list[str]:
    """Of the processor, for bfloat16, by the names that PyTorch has for them; none where PyTorch does not tell."""
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return [name for name in FAST_ON_PROCESSORS if capabilities.get(name)]
