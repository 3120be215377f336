"""What becomes of memory that a training step gives back."""

import ctypes
import sys
from functools import cache

# Numbers of mallopt(3), and the largest threshold that glibc takes for blocks of their own.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
LARGEST_THRESHOLD = 32 * 2**20
KEPT = 2**30  # bytes at the end of the heap that stay with the process


@cache
def keep_freed() -> None:
    """Let the process keep what it frees, for its next step.

    By default glibc hands large blocks back to the kernel when they are freed, and the next step gets them again page
    by page, each filled with zeros first: a fifth of a step of small stacked models. Elsewhere nothing is done.
    """
    if sys.platform != "linux":
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return
    mallopt(MMAP_THRESHOLD, LARGEST_THRESHOLD)
    mallopt(TRIM_THRESHOLD, KEPT)
