"""The locations of data: the root folder of the public sets, and the user's cache."""

import os
from pathlib import Path

VARIABLE = "DROPOUT_LAB_DATA"
PRIVATE = ".dropout-lab"  # folder for the program's files inside a shared folder


def user_cache_folder() -> Path:
    """Return the folder of this program in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dropout-lab"


def data_root(root: str) -> Path:
    """Return the folder of ``data.root``; if it is empty, that of the environment variable or the user's cache."""
    named = root or os.environ.get(VARIABLE, "")
    return Path(named).expanduser() if named else user_cache_folder()


def is_writable(folder: Path) -> bool:
    """Return whether files can be created in a folder, or the folder itself can be created.

    A folder without any write permission is treated as protected, even for the superuser, for whom ``os.access`` always
    returns true.
    """
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and bool(folder.stat().st_mode & 0o222) and os.access(folder, os.W_OK)
