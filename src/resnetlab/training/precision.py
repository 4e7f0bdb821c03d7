"""In which numbers and in which memory format a network is trained, and why."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from resnetlab.core.errors import ResnetlabError
from resnetlab.training.config import OnOff, Precision

FAST_ON_PROCESSORS = ("amx_bf16", "avx512_bf16")
FEW_CHANNELS = 8  # a vector of AVX2 has as many
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


def at_least_float32(logits: Tensor) -> Tensor:
    """Logits in numbers in which a loss may be added up; float64 stays."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def has_fast_bfloat16(device: str) -> bool:
    """Whether the device has units for it; without them a product takes twenty times as long as in float32."""
    if device == "cuda":
        return torch.cuda.get_device_capability() >= AMPERE
    return device == "cpu" and bool(_units())


def choose_channels_last(device: str, asked: OnOff = "auto", model: nn.Module | None = None) -> tuple[bool, str]:
    """Whether images and weights lie in memory pixel by pixel, and why.

    Args:
        device: "cpu", "cuda", "mps".
        asked: by the user.
        model: that is to be trained; None for any.
    """
    if asked != "auto":
        return asked == "on", "as asked"
    if device == "cpu" and model is not None and any(map(_is_unsafe_with_channels_last, model.modules())):
        return False, f"a 1×1 convolution that strides over fewer than {FEW_CHANNELS} channels is not safe otherwise"
    fast = device in ("cpu", "cuda")
    return fast, f"convolutions on {device} are {'faster so' if fast else 'not known to be faster so'}"


def _is_unsafe_with_channels_last(layer: nn.Module) -> bool:
    """On processors of AVX2 alone its backward pass, in float32, writes past the memory that it has.

    Seen with PyTorch 2.14 (oneDNN) and two to six channels; the heap is damaged, and the process ends later.
    """
    if not isinstance(layer, nn.Conv2d):
        return False
    return layer.kernel_size == (1, 1) and max(layer.stride) > 1 and layer.in_channels < FEW_CHANNELS


def _units() -> list[str]:
    """Of the processor, for bfloat16, by the names that PyTorch has for them; none where PyTorch does not tell."""
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return [name for name in FAST_ON_PROCESSORS if capabilities.get(name)]
