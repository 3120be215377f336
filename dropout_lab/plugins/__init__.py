"""Hydra plugins of the project. The folder ``hydra_plugins`` is a portion of Hydra's namespace package."""

import sys
from pathlib import Path


def enable() -> None:
    """Let Hydra find the project's plugins."""
    here = str(Path(__file__).resolve().parent)
    if here not in sys.path:
        sys.path.append(here)
