"""The gradient's norm at every layer, by hooks.

Whether a signal comes through to the early layers is seen in the gradient of the loss at what each layer gives: one
norm a layer, plotted over depth, tells vanishing from exploding. PyTorch throws these gradients away during the
backward pass, for they belong to no parameter. A hook sees them as they come by: on the module
(register_full_backward_hook) or, from a forward hook, on the tensor that it gives (tensor.register_hook).

A measurement leaves nothing behind: no hook, no gradient in .grad, no running average moved, no mode changed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def gradient_norms(network: nn.Module, images: Tensor, labels: Tensor) -> dict[str, float]:
    """The Euclidean norm of d loss / d output for every convolution, over the whole batch, by the layer's name.

    The loss is the cross-entropy, averaged over the batch as F.cross_entropy does. The network runs in the mode it is
    in.

    Args:
        network: gives (n, classes); its parameters' .grad, its hooks and its running averages stay as they are.
        images: (n, 3, h, w).
        labels: (n,).
    """
    # --- fill in ---
    norms: dict[str, float] = {}
    hooks = []
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d):

            def note(layer: nn.Module, taken: object, given: tuple[Tensor, ...], name: str = name) -> None:
                norms[name] = given[0].norm().item()

            hooks.append(layer.register_full_backward_hook(note))
    averages = [buffer.clone() for buffer in network.buffers()]
    source = images.clone().requires_grad_()  # a backward hook waits for the gradient at its layer's input too
    loss = F.cross_entropy(network(source), labels)
    torch.autograd.grad(loss, [source, *network.parameters()])
    for hook in hooks:
        hook.remove()
    for buffer, before in zip(network.buffers(), averages, strict=True):
        buffer.copy_(before)
    return norms
    # --- until here ---
