"""A walk through torchvision's own ResNet-18: what it really is, whether its signal gets through, which blocks matter.

`audit` says which network it is; then it is trained for a few seconds on the embedded digits, or takes weights that
torchvision publishes, and `diagnose` looks inside it: signal and gradient, blocks removed, paths, shattered gradients.
What is printed is what was found on this machine; the page that it ends with shows all of it.

    python examples/inspect_torchvision.py                     # trained here, no download
    python examples/inspect_torchvision.py --published DEFAULT  # published weights: a download, and photographs
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
import torchvision
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab import audit, diagnose

SIDE = 32  # pixels: after the five strides of ResNet-18 one position is left


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--published", metavar="WEIGHTS", help="torchvision's name of published weights")
    parser.add_argument("--data", default="imagefolder:photos", help="photographs for the published weights")
    parser.add_argument("--steps", type=int, default=60, help="of training on the digits")
    parser.add_argument("--images", type=int, default=128, help="that are looked at")
    parser.add_argument("--output", type=Path, default=Path("runs/inspect-torchvision"))
    asked = parser.parse_args()

    print("What it is")
    found = audit("torchvision:resnet18", input_size=(3, 224, 224))
    print(f"  {found.verdict}")
    print(f"  {found.residual_additions} residual additions, in stages of {[stage.blocks for stage in found.stages]}")

    if asked.published:
        reference = f"torchvision:resnet18@{asked.published}"
        seen = diagnose(reference, asked.data, images=asked.images, output=asked.output, exist_ok=True)
    else:
        images, labels = digits()
        model = trained(images[: -asked.images], labels[: -asked.images], asked.steps)  # the rest is looked at
        batches = list(zip(images[-asked.images :].split(64), labels[-asked.images :].split(64), strict=True))
        seen = diagnose(model, batches, images=asked.images, output=asked.output, exist_ok=True)

    for section in seen.sections:
        print(f"\n{section.title}")
        print("".join(f"  {sentence}\n" for sentence in (section.lead, *section.not_done) if sentence), end="")
    print("\nWhat is wrong with it")
    for finding in seen.findings:
        print(f"  {finding.severity}: {finding.rule} in {finding.layer or 'the whole network'}: {finding.advice}")
    if not seen.findings:
        print("  nothing was found")
    print(f"\nThe page: {seen.folder / 'report.html'}")


def digits() -> tuple[Tensor, Tensor]:
    """The 1,797 handwritten digits of scikit-learn: (N, 3, 32, 32), normalised, in a fixed random order."""
    data = load_digits()
    order = torch.randperm(len(data.target), generator=torch.Generator().manual_seed(0))
    grey = torch.tensor(data.images, dtype=torch.float32)[order, None] / 16
    large = F.interpolate((grey - grey.mean()) / grey.std(), size=SIDE, mode="bilinear")
    return large.expand(-1, 3, -1, -1).contiguous(), torch.tensor(data.target)[order]


def trained(images: Tensor, labels: Tensor, steps: int) -> nn.Module:
    """torchvision's own ResNet-18 after some steps of SGD with momentum."""
    torch.manual_seed(0)
    model = torchvision.models.resnet18(num_classes=10).train()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=0.05, total_steps=max(steps, 2))
    for _ in range(steps):
        chosen = torch.randint(len(images), (64,))
        optimiser.zero_grad()
        loss = F.cross_entropy(model(images[chosen]), labels[chosen])
        loss.backward()
        optimiser.step()
        schedule.step()
    optimiser.zero_grad()
    print(f"\nTrained for {steps} steps on the digits; the last batch's loss was {loss.item():.3f}")
    return model.eval()


if __name__ == "__main__":
    main()
