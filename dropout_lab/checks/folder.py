"""Check the file system of the results: writing, flushing to the disk, replacing and locking of files."""

import os
import subprocess
import sys
import time
from pathlib import Path

from dropout_lab.checks.figure import Figure, error_figure
from dropout_lab.files import replace_file
from dropout_lab.sweeps.ledger import Ledger

SIZE = 2**20  # bytes of the file that is flushed
SLOW = 5.0  # seconds in which it must be on the disk
# Exit status of the other process: 0 if it got the lock, REFUSED if it did not.
REFUSED = 3
ACQUIRE = f"""
import sys
sys.path[:] = sys.argv[2:]
from filelock import FileLock, Timeout
try:
    FileLock(sys.argv[1], blocking=False).acquire()
except Timeout:
    sys.exit({REFUSED})
"""


def check_folder(folder: Path) -> list[Figure]:
    """Write, flush, replace and lock files in a folder."""
    ledger = Ledger(folder)
    lock = ledger.private / "run.lock"
    with ledger.claim():
        during = try_lock(lock)
    return [
        error_figure("seconds to flush 1 MiB", flush_seconds(folder / "flushed"), SLOW),
        Figure("files replaced", replace_twice(folder / "replaced"), 1, 1),
        Figure("exit status of another process at a locked folder", during, REFUSED, REFUSED),
        Figure("exit status of another process at a free folder", try_lock(lock), 0, 0),
    ]


def flush_seconds(path: Path) -> float:
    """Return the time to write a file, flush it to the disk and read it back.

    Raises:
        OSError: the file cannot be written, or has other content.
    """
    content, started = os.urandom(SIZE), time.monotonic()
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    seconds = time.monotonic() - started
    if path.read_bytes() != content:
        raise OSError("a file has not the content that was written")
    return seconds


def replace_twice(path: Path) -> int:
    """Replace a file and return the number of files of its name, or of a temporary name, that hold the new content."""
    for text in ("old", "new"):
        replace_file(path, text)
    return sum(each.read_text() == "new" for each in path.parent.glob(f"{path.name}*"))


def try_lock(path: Path) -> int:
    """Return the exit status of another process that tries to lock a file."""
    command = [sys.executable, "-c", ACQUIRE, str(path), *sys.path]
    return subprocess.run(command, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=60).returncode
