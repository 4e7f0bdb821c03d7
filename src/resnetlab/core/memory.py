"""How the C library hands out memory."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

TRIM_THRESHOLD, MOST_MAPPINGS = -1, -4  # mallopt's names for them: M_TRIM_THRESHOLD, M_MMAP_MAX


def keep_large_blocks() -> bool:
    """Let freed memory stay with the process, for the next batch to use; True where the C library can do so.

    glibc returns every large block to the system when it is freed and asks for it again a moment later. Its pages are
    then filled with zeros anew, and in a network on a processor, which frees each layer's output, that takes up to a
    third of the time. Other systems' libraries are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # musl has no such function
        return False
    return bool(mallopt(TRIM_THRESHOLD, 2**31 - 1) and mallopt(MOST_MAPPINGS, 0))


def free_memory(device: str) -> int | None:
    """Bytes that a program can still have on a device; None where the system does not tell.

    Args:
        device: as PyTorch names it.
    """
    if device.startswith("cuda"):
        import torch  # here, so that reading the command line does not wait for it

        return int(torch.cuda.mem_get_info()[0])
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    kilobytes = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(kilobytes[0]) * 1024 if kilobytes else None
