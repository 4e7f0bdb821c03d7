"""Test errors of ResNet-20 with shortcuts A, B and C and of plain-20 on digits, in points, for seeds 0 to 7.

Measured by `resnetlab lab run examples/shortcuts_on_digits.py` on 2026-11-28, with PyTorch 2.14 on an Intel Xeon.
"""

from __future__ import annotations

IMAGES = 397


def _points(*wrong: int) -> tuple[float, ...]:
    return tuple(100 * images / IMAGES for images in wrong)


MEASURED = {
    "A": _points(10, 9, 8, 6, 7, 9, 7, 10),
    "B": _points(9, 6, 5, 9, 10, 7, 14, 7),
    "C": _points(14, 13, 13, 14, 13, 12, 10, 11),
    "plain": _points(18, 22, 23, 23, 36, 19, 25, 20),
}
