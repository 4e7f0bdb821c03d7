"""The first batch of training as a picture: what the network really sees, after all random changes."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from resnetlab.data.preprocess import denormalise
from resnetlab.pages.contact_sheet import Tile, encoded, grid_sheet
from resnetlab.specs.preprocessing import Preprocessing

MOST_TILES = 64
LEAST_SHARE = 0.005  # of a class in a mixed label, below which it is not told


def contact_sheet(
    images: Float[Tensor, "n c s s"],
    labels: Tensor,
    classes: Sequence[str],
    how: Preprocessing,
    title: str = "the first training batch",
) -> bytes:
    """A JPEG of a batch, as it reaches the network, each image over its label.

    Args:
        images: normalised.
        labels: (n,) class numbers, or (n, classes) shares of each class.
        classes: names in the order of their numbers.
        how: the normalisation, which is undone.
        title: over all.
    """
    shown = images[:MOST_TILES]
    pixels = denormalise(shown, how).permute(0, 2, 3, 1).numpy()
    tiles = [
        Tile(picture[:, :, 0] if picture.shape[-1] == 1 else picture, label_lines(label, classes))
        for picture, label in zip(pixels, labels[:MOST_TILES].cpu(), strict=True)
    ]
    size = images.shape[-1]
    count = f"{len(shown)} of {len(images)} images" if len(shown) < len(images) else f"{len(images)} images"
    note = f"{count} of {size} × {size} pixels, as the network sees them; the normalisation is undone"
    return encoded(grid_sheet(tiles, title, note), "JPEG")


def label_lines(label: Tensor, classes: Sequence[str]) -> tuple[str, ...]:
    """The class's name, or those in a mixed label with their per cents, the largest first.

    Args:
        label: a class number, or a share of each class.
        classes: names in the order of their numbers.
    """
    if label.ndim == 0:
        return (classes[int(label)],)
    shares = {number: share for number, share in enumerate(label.tolist()) if share > LEAST_SHARE}
    if len(shares) == 1:
        return tuple(classes[number] for number in shares)
    return tuple(
        f"{100 * shares[number]:.0f} % {classes[number]}" for number in sorted(shares, key=lambda at: -shares[at])
    )
