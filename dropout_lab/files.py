"""Atomic and durable writes of files, and the removal of temporary files that killed processes left."""

import hashlib
import os
import platform
import re
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import cache
from pathlib import Path

# .NAME.HOST-PID.new.EXTENSION; versions before 0.1.0 wrote NAME.PID.new.
_TEMPORARY = re.compile(r"\.?(?P<name>.+)\.(?:(?P<host>[0-9a-f]{8})-)?(?P<process>\d+)\.new(?:\.[a-z]+)?")


def replace_file(path: Path, content: str | bytes) -> None:
    """Write a file atomically, replacing an existing one; after a power cut it is the old or the new file."""
    data = content.encode() if isinstance(content, str) else content
    write_atomically(path, lambda new: new.write_bytes(data))


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let a function write a temporary file next to ``path``, flush it to the disk, and rename it to ``path``.

    Args:
        path: the file to replace.
        write: writes the file that it is given; the name of that file ends as that of ``path`` does.

    Raises:
        OSError: the file cannot be written; no temporary file is left.
    """
    new = path.with_name(f".{path.name}.{_host()}-{os.getpid()}.new{path.suffix}")
    try:
        write(new)
        flush(new)
        new.replace(path)
    except BaseException:  # such as a full disk or Ctrl-C
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise
    flush(path.parent)


def make_folder(folder: Path) -> None:
    """Create a folder with its parents, and flush the new entries to the disk."""
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in reversed(new):
        flush(each.parent)


def flush(path: Path) -> None:
    """Flush a file or the entries of a folder to the disk."""
    folder = path.is_dir()
    if folder and os.name == "nt":  # Windows cannot open folders
        return
    descriptor = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
    try:
        os.fsync(descriptor)
    except OSError:
        if not folder:  # some network file systems cannot flush folders
            raise
    finally:
        os.close(descriptor)


def remove_leftovers(folder: Path, names: Collection[str] | None = None) -> None:
    """Remove the temporary files of :func:`write_atomically` whose processes have ended.

    Files of running processes and of other machines are kept.

    Args:
        folder: the folder, without its subfolders.
        names: names of the files that this program writes there; None if it writes all files of the folder.
    """
    with suppress(OSError):  # no such folder, or not readable
        for path in folder.iterdir():
            match = _TEMPORARY.fullmatch(path.name)
            if not match or (names is not None and match["name"] not in names) or match["host"] not in (None, _host()):
                continue
            if not is_running(int(match["process"])) and path.is_file() and not path.is_symlink():
                with suppress(OSError):
                    path.unlink()


def is_running(process: int) -> bool:
    """Return whether there is a process of this number."""
    if os.name == "nt":  # os.kill would end it
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it belongs to another user
        return True
    return True


@cache
def _host() -> str:
    """Return eight hex digits that differ between the machines that share a folder."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]
