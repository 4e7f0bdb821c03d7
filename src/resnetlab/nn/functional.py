"""The same networks with nothing hidden: `F.conv2d`, and the rest by hand, on a plain dict of tensors.

Read it from the top: batch norm, the residual block, the network, its gradients, the update. Parameters come from
`init_parameters(spec)` or `parameters_of(model)`. Running averages are moved in place by a pass in training, and
`sgd_step` changes what it is given; everything else is a pure function.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from resnetlab.core.errors import InputSizeError
from resnetlab.nn.parameters import (
    Parameters,
    Place,
    check_is_written_by_hand,
    init_parameters,
    parameters_of,
    places,
)
from resnetlab.specs.network import NetworkSpec

__all__ = [
    "Parameters",
    "batch_norm",
    "batch_norm_backward",
    "cross_entropy",
    "forward",
    "init_parameters",
    "loss_and_gradients",
    "parameters_of",
    "residual_block",
    "sgd_step",
]

EPSILON = 1e-5  # under the root, so that a constant channel divides by no zero
NEWEST = 0.1  # share of the newest batch in a running average
PIXELS = (0, 2, 3)  # all images, rows and columns: what one channel's statistics are taken over


def batch_norm(x: Float[Tensor, "n c h w"], params: Parameters, name: str, training: bool) -> Float[Tensor, "n c h w"]:
    """γ · (x − μ) / √(σ² + ε) + β for each channel.

    In training μ and σ² are the batch's, and the running averages move towards them; in evaluation they are those
    averages.

    Paper:
        Ioffe & Szegedy 2015, Algorithms 1 and 2.

    Raises:
        InputSizeError: in training, a single value in each channel: it has no variance.
    """
    if training:
        mean, variance = x.mean(PIXELS), x.var(PIXELS, correction=0)
        values = x.numel() // x.shape[1]
        if values < 2:
            raise InputSizeError(f"{name} gets one value per channel in training\ngive more or larger images")
        params[f"{name}.running_mean"].lerp_(mean.detach(), NEWEST)
        # The batch is normalised by its own variance; what is kept estimates that of all images, hence n − 1.
        params[f"{name}.running_var"].lerp_(variance.detach() * values / (values - 1), NEWEST)
    else:
        mean, variance = params[f"{name}.running_mean"], params[f"{name}.running_var"]
    standardised = (x - _image(mean)) / _image(variance + EPSILON).sqrt()
    return _image(params[f"{name}.weight"]) * standardised + _image(params[f"{name}.bias"])


def batch_norm_backward(
    gradient: Float[Tensor, "n c h w"], x: Float[Tensor, "n c h w"], gamma: Float[Tensor, " c"]
) -> tuple[Float[Tensor, "n c h w"], Float[Tensor, " c"], Float[Tensor, " c"]]:
    """Gradients of the loss for x, γ and β in training, in closed form.

    μ and σ² depend on every x of their channel. That takes two things away from the gradient: its mean, and its part
    along the standardised x. The output does not change when the whole channel is shifted or stretched, so no gradient
    can point there.

    Paper:
        Ioffe & Szegedy 2015, §3: its six derivatives, put together.

    Args:
        gradient: of the loss for batch norm's output.
        x: batch norm's input.
        gamma: γ.
    """
    deviation = _image(x.var(PIXELS, correction=0) + EPSILON).sqrt()
    standardised = (x - _image(x.mean(PIXELS))) / deviation
    along = gradient * standardised
    kept = gradient - _image(gradient.mean(PIXELS)) - standardised * _image(along.mean(PIXELS))
    return _image(gamma) / deviation * kept, along.sum(PIXELS), gradient.sum(PIXELS)


def residual_block(
    params: Parameters, place: Place, x: Float[Tensor, "n c h w"], training: bool
) -> Float[Tensor, "n d i j"]:
    """H(x) = ReLU(F(x) + S(x)).

    Paper:
        He et al. 2015, Eq. 1 and 2.
    """
    branch = x
    for number, shape in enumerate(place.branch, start=1):
        branch = convolution(params[f"{place.name}.conv{number}.weight"], branch, shape.stride)
        branch = batch_norm(branch, params, f"{place.name}.bn{number}", training)
        if number < len(place.branch):
            branch = F.relu(branch)
    return F.relu(branch + shortcut(params, place, x, training))


def shortcut(
    params: Parameters, place: Place, x: Float[Tensor, "n c h w"], training: bool
) -> Float[Tensor, "n d i j"]:
    """S(x): a 1×1 projection (options B and C), or every `stride`-th pixel and new channels of zeros (A).

    Where nothing has to change, option A is x itself.

    Paper:
        He et al. 2015, §3.3.
    """
    if place.projection:
        projected = convolution(params[f"{place.name}.downsample.0.weight"], x, place.stride)
        return batch_norm(projected, params, f"{place.name}.downsample.1", training)
    added = place.branch[-1].outputs - x.shape[1]
    return F.pad(x[:, :, :: place.stride, :: place.stride], (0, 0, 0, 0, added // 2, added - added // 2))


def convolution(
    weight: Float[Tensor, "d e k k"], x: Float[Tensor, "n c h w"], stride: int
) -> Float[Tensor, "n d i j"]:
    """A convolution that keeps the image's size where the stride is 1; the weight's shape tells its groups."""
    groups = x.shape[1] // weight.shape[1]
    return F.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2, groups=groups)


def forward(
    spec: NetworkSpec, params: Parameters, images: Float[Tensor, "n c h w"], training: bool
) -> Float[Tensor, "n classes"]:
    """The logits.

    Raises:
        SpecError: the spec asks for more than is written by hand.
    """
    check_is_written_by_hand(spec)
    x = convolution(params["conv1.weight"], images, spec.stem.stride)
    x = F.relu(batch_norm(x, params, "bn1", training))
    if spec.stem.max_pool:
        x = F.max_pool2d(x, kernel_size=3, stride=2, padding=1)
    for place in places(spec):
        x = residual_block(params, place, x, training)
    return x.mean((2, 3)) @ params["fc.weight"].T + params["fc.bias"]


def cross_entropy(logits: Float[Tensor, "n classes"], labels: Int[Tensor, " n"]) -> Float[Tensor, ""]:
    """−log of the probability that softmax gives to the right class, averaged over the images."""
    log_probabilities = logits - logits.logsumexp(dim=1, keepdim=True)
    return -log_probabilities.gather(1, labels[:, None]).mean()


def loss_and_gradients(
    spec: NetworkSpec, params: Parameters, images: Float[Tensor, "n c h w"], labels: Int[Tensor, " n"]
) -> tuple[Float[Tensor, ""], Parameters]:
    """The training loss, and its gradient for everything that is learned."""
    learned = {name: tensor for name, tensor in params.items() if tensor.requires_grad}
    loss = cross_entropy(forward(spec, params, images, training=True), labels)
    gradients = torch.autograd.grad(loss, list(learned.values()))
    return loss.detach(), dict(zip(learned, gradients, strict=True))


@torch.no_grad()
def sgd_step(
    params: Parameters,
    gradients: Parameters,
    velocity: Parameters,
    lr: float,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
) -> None:
    """v ← momentum · v + g + decay · p, then p ← p − lr · v, in place.

    Paper:
        He et al. 2015, §3.4 uses momentum 0.9 and weight decay 1e-4.

    Args:
        params: what is learned is changed.
        gradients: from `loss_and_gradients`.
        velocity: an empty dict before the first step; changed.
        lr: learning rate.
        momentum: share of the velocity that is kept.
        weight_decay: pull towards zero.
    """
    for name, gradient in gradients.items():
        pull = gradient + weight_decay * params[name]
        velocity[name] = momentum * velocity[name] + pull if name in velocity else pull
        params[name] -= lr * velocity[name]


def _image(per_channel: Tensor) -> Tensor:
    return per_channel[:, None, None]  # (c, 1, 1) meets (n, c, h, w)
