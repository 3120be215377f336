"""Memory of this machine, and what the parameters of a trial need of it."""

import os
import re
import sys
from contextlib import suppress
from pathlib import Path

import torch

from dropout_lab.config import Config
from dropout_lab.errors import ConfigError
from dropout_lab.models import Model

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

WINDOWS_MEMORY = 8 * 2**30  # assumed
COPIES = 6  # weights, gradients, two moments, best and final weights
FEWEST_COPIES = 3  # weights, gradients and final weights, which every trial has at the same time
# Limits of the memory of a container: cgroup version 2 and 1.
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
# torch has no type of its own for failed allocations of CPU memory.
ALLOCATION = re.compile(r"can't allocate memory|not enough memory|alloc_cpu|Cannot allocate memory|Invalid buffer size")


def physical_memory() -> int:
    """Return the physical memory of this machine in bytes.

    Limits of a container do not count: packs that depended on them would round differently.
    """
    if sys.platform == "win32":  # no os.sysconf
        return WINDOWS_MEMORY
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def usable_memory(device: str) -> int:
    """Return the bytes that a process can use at most: of the GPU, or of the machine or its container."""
    if torch.device(device).type == "cuda":
        return int(torch.cuda.mem_get_info(torch.device(device))[1])
    limits = [physical_memory()]
    for path in LIMITS:
        with suppress(OSError, ValueError):  # no such limit, or the word "max"
            limits.append(int(Path(path).read_text()))
    if resource is not None:
        limits.append(resource.getrlimit(resource.RLIMIT_AS)[0])
    return min(limit for limit in limits if limit > 0)  # RLIM_INFINITY is -1


def refuse_unaffordable(config: Config, model: Model) -> None:
    """Refuse a trial whose parameters alone do not fit into memory.

    Raises:
        ConfigError: they do not.
    """
    needed, there = 4 * FEWEST_COPIES * model.size, usable_memory(config.device)
    if needed > there:
        parts = f"has {model.size:,} parameters, which need {format_bytes(needed)} with gradients and final weights"
        raise ConfigError.of("model", config.model.kind, f"{parts}; {format_bytes(there)} are available")


def format_bytes(count: float) -> str:
    """Return a number of bytes as short text: ``14.6 TiB``."""
    units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while count >= 1024 and len(units) > 1:
        count /= 1024
        del units[0]
    return f"{count:.1f} {units[0]}"


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error, or the error that caused it, is a failed allocation of memory."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    if isinstance(error, RuntimeError) and ALLOCATION.search(str(error)):
        return True
    return error.__cause__ is not None and is_out_of_memory(error.__cause__)
