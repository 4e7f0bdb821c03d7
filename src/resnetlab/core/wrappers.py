"""What PyTorch puts round a network, and what changes nothing of what it computes."""

from __future__ import annotations

from torch import nn
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.optim.swa_utils import AveragedModel

WRAPPERS = (DataParallel, DistributedDataParallel, AveragedModel)


def unwrapped(module: nn.Module) -> nn.Module:
    """The network inside what `torch.compile`, data-parallel training and averages of weights put round it.

    Its layers are named as its author named them, and can be looked at one by one, which compiled ones cannot.

    Args:
        module: any; what is no such wrapper comes back as it is.
    """
    while True:
        inner = module.module if isinstance(module, WRAPPERS) else getattr(module, "_orig_mod", None)
        if not isinstance(inner, nn.Module):
            return module
        module = inner
