"""How sharply the loss bends at a network's weights: the largest eigenvalues of its Hessian, by Lanczos.

The Hessian is never written down: Lanczos asks for its product with one vector after another, and each product is a
gradient of a gradient.

Paper: Pearlmutter 1994 for the product; Ghorbani, Krishnan & Xiao 2019 for Lanczos on networks.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from resnetlab.analysis.landscape import BatchnormMode
from resnetlab.analysis.scoring import BatchNorm, Examples, batch_norms
from resnetlab.core.errors import ResnetlabError


@dataclass(frozen=True)
class Curvature:
    """The largest eigenvalues of the Hessian of the mean cross-entropy.

    Attributes:
        eigenvalues: the largest first, by value: directions in which the loss bends up most.
        residuals: ‖Hv − λv‖ of each with its unit eigenvector: how far off λ can be.
        parameters: that learn, the side of the Hessian.
        products: of the Hessian with a vector that it took.
        images: whose mean loss it is.
        batch_size: images that passed together.
        batchnorm: "running": statistics as they stand; "batch": those of each batch, which the Hessian then also
            knows to depend on the weights; "none" where the network has no batch norm.
    """

    eigenvalues: tuple[float, ...]
    residuals: tuple[float, ...]
    parameters: int
    products: int
    images: int
    batch_size: int
    batchnorm: str


class HessianProducts:
    """Products of a vector with the Hessian of a classifier's mean loss, on a copy of it.

    Args:
        model: any classifier whose layers can be differentiated twice.
        examples: whose mean loss it is.
        batchnorm: whose statistics.

    Raises:
        ResnetlabError: no parameter learns.
    """

    def __init__(self, model: nn.Module, examples: Examples, batchnorm: BatchnormMode = "running") -> None:
        self.twin = copy.deepcopy(model).eval()
        for norm in batch_norms(self.twin) if batchnorm == "batch" else ():
            _use_the_batch(norm)
        self.parameters = [parameter for parameter in self.twin.parameters() if parameter.requires_grad]
        self.size = sum(parameter.numel() for parameter in self.parameters)
        if not self.size:
            raise ResnetlabError("no parameter of this model learns: its loss has no Hessian\nunfreeze some")
        parts = examples.batches()
        self.batches = list(zip(parts, examples.labels.tensor_split(len(parts)), strict=True))
        self.images, self.asked = len(examples), 0

    def __call__(self, vector: NDArray[np.floating]) -> NDArray[np.float64]:
        """Gives Hv.

        Args:
            vector: (parameters,).
        """
        self.asked += 1
        first = self.parameters[0]
        flat = torch.from_numpy(np.ascontiguousarray(vector.reshape(-1), dtype=np.float64)).to(first)
        wanted = _shaped(flat, self.parameters)
        total = torch.zeros(self.size, dtype=torch.float64, device=first.device)
        with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):  # the fused attentions have no second derivative
            for images, labels in self.batches:
                loss = F.cross_entropy(self.twin(images), labels, reduction="sum") / self.images
                total += self._product(loss, wanted)
        return total.cpu().numpy()

    def _product(self, loss: Tensor, vector: list[Tensor]) -> Tensor:
        slopes = torch.autograd.grad(
            loss, self.parameters, create_graph=True, allow_unused=True, materialize_grads=True
        )
        along = sum((slope * part).sum() for slope, part in zip(slopes, vector, strict=True))
        if not isinstance(along, Tensor) or not along.requires_grad:
            return torch.zeros(self.size, dtype=torch.float64, device=loss.device)  # the gradient is constant
        bends = torch.autograd.grad(along, self.parameters, allow_unused=True, materialize_grads=True)
        return torch.cat([bend.double().flatten() for bend in bends])


def measure_curvature(
    model: nn.Module,
    examples: Examples,
    count: int = 3,
    batchnorm: BatchnormMode = "running",
    tolerance: float = 1e-3,
    seed: int = 0,
    most_products: int = 400,
) -> Curvature:
    """Finds the largest eigenvalues, by value, of the Hessian at a classifier's weights; the model is not touched.

    Args:
        model: any classifier.
        examples: whose mean loss it is.
        count: how many eigenvalues.
        batchnorm: whose statistics.
        tolerance: relative accuracy asked of Lanczos.
        seed: of the vector that Lanczos starts from.
        most_products: after about so many products it stops.

    Raises:
        ResnetlabError: no parameter learns, there are too few, or the eigenvalues were not found in time.
    """
    hessian = HessianProducts(model, examples, batchnorm)
    if not 0 < count < hessian.size:
        raise ResnetlabError(
            f"count is {count}; the Hessian of {hessian.size} parameters allows 1 to fewer than these"
        )
    values, vectors = _largest(hessian, count, tolerance, seed, most_products)
    residuals = [float(np.linalg.norm(hessian(v) - value * v)) for value, v in zip(values, vectors.T, strict=True)]
    order = np.argsort(-values)
    return Curvature(
        eigenvalues=tuple(float(values[at]) for at in order),
        residuals=tuple(residuals[at] for at in order),
        parameters=hessian.size,
        products=hessian.asked,
        images=len(examples),
        batch_size=examples.batch_size,
        batchnorm=batchnorm if batch_norms(model) else "none",
    )


def _largest(
    hessian: HessianProducts, count: int, tolerance: float, seed: int, most_products: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The largest eigenvalues with their vectors, by Lanczos."""
    start = np.random.default_rng(seed).standard_normal(hessian.size)
    kept = min(hessian.size, max(2 * count + 1, 20))
    operator = LinearOperator((hessian.size, hessian.size), matvec=hessian, dtype=np.float64)
    restarts = max(1, math.ceil(most_products / kept))
    try:
        found = eigsh(operator, k=count, which="LA", v0=start, tol=tolerance, ncv=kept, maxiter=restarts)
    except ArpackNoConvergence as error:
        raise ResnetlabError(
            f"{count} eigenvalues were not found within {hessian.asked} products to a relative {tolerance:g}\n"
            "ask for fewer, or allow more products"
        ) from error
    values, vectors = found
    return values, vectors


def _shaped(flat: Tensor, like: list[nn.Parameter]) -> list[Tensor]:
    parts = flat.split([parameter.numel() for parameter in like])
    return [part.view_as(parameter) for part, parameter in zip(parts, like, strict=True)]


def _use_the_batch(norm: BatchNorm) -> None:
    norm.train()
    norm.track_running_stats = False
    norm.running_mean = norm.running_var = norm.num_batches_tracked = None
