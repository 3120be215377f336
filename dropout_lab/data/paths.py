"""Where data lie: the root folder of the public sets, and the cache of the user."""

import os
from pathlib import Path

VARIABLE = "DROPOUT_LAB_DATA"
PRIVATE = ".dropout-lab"  # what is ours in a folder that others may use as well


def user_cache_folder() -> Path:
    """The folder of this program in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dropout-lab"


def data_root(root: str) -> Path:
    """The folder that ``data.root`` names; if it is empty, the one of the environment or of the user."""
    named = root or os.environ.get(VARIABLE, "")
    return Path(named).expanduser() if named else user_cache_folder()


def is_writable(folder: Path) -> bool:
    """Whether files may be made in a folder, or the folder itself.

    A folder without write permission for anybody is protected, and then not even the superuser, for whom
    ``os.access`` always says yes, is to write there.
    """
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and bool(folder.stat().st_mode & 0o222) and os.access(folder, os.W_OK)
