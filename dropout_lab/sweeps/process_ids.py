"""Start times of processes, which distinguish a process from a later one with the same id."""

from pathlib import Path


def get_start(process: int) -> str:
    """Return the start of a process in clock ticks since the system started, and "" where the system has no /proc.

    It tells a process from a later one with the same id.
    """
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
