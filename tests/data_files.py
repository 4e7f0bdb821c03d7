"""The real files that some tests need, in the folder that RESNETLAB_TEST_DATA names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("RESNETLAB_TEST_DATA", "nowhere"))
PUBLISHED_NET = FOLDER / "weights" / "akamaster-resnet20-12fca82f.th"
LOSSLESS_IMAGES = FOLDER / "data" / "cifar10-lossless-4000.npz"
JPEG_IMAGES = FOLDER / "data" / "cifar10-jpeg.tar.gz"

needs_real_files = [
    pytest.mark.data,
    pytest.mark.skipif(not PUBLISHED_NET.is_file(), reason="RESNETLAB_TEST_DATA names no folder with the real files"),
]
