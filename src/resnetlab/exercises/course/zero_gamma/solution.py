"""Zero γ: a block that begins as the identity.

If every block began as the identity, a deep network would begin as a shallow one. "Set all weights to zero" does
that, and ruins the block: where both convolutions are zero, each gets its gradient through the other, which is zero,
for ever. The way that works (Goyal et al. 2017, Section 5.1) is to zero the last batch norm of each branch alone: γ
and β. Then F(x) = 0, and γ itself gets a gradient at once, so the block wakes up in the first step.

For the original block this makes the identity for x ≥ 0 only: a ReLU follows the addition. A block whose shape changes
is its projection then, which keeps its norm as it is.
"""

from __future__ import annotations

from typing import Any

from torch import nn


def start_as_identity(network: nn.Module) -> None:
    """Set γ and β of the last batch norm of every residual branch to zero, in place; they are still to be trained.

    Args:
        network: of residual blocks, which are modules with conv1, bn1, conv2, bn2, a bottleneck also with conv3 and
            bn3, and with `downsample`: None, or convolution and norm on the skip. Norms elsewhere stay as they are.
    """
    # --- fill in ---
    for block in network.modules():
        if hasattr(block, "conv2"):
            last: Any = block.bn3 if hasattr(block, "bn3") else block.bn2
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
    # --- until here ---
