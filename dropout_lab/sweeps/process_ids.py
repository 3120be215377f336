"""Process ids: whether there is such a process, and whether it is still the same one."""

import os
from pathlib import Path


def is_running(process: int) -> bool:
    """Return whether a process with this id exists on this machine; on Windows always True."""
    if os.name == "nt":  # os.kill would end the process
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it belongs to another user
        return True
    return True


def get_start(process: int) -> str:
    """Return the start of a process in clock ticks since the system started, and "" where the system has no /proc.

    It tells a process from a later one with the same id.
    """
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
