"""Hydra plugins of the project. The folder ``hydra_plugins`` is a portion of Hydra's namespace package."""

import sys
from importlib import import_module
from pathlib import Path

from hydra.core.plugins import Plugins


def enable() -> None:
    """Let Hydra know the project's plugins, also where it has scanned for plugins already, which it does once."""
    here = str(Path(__file__).resolve().parent)
    if here not in sys.path:
        sys.path.append(here)
    plugins = Plugins.instance()
    packed = import_module("hydra_plugins.dropout_lab_packed")
    for plugin in (packed.PackedSweeper, packed.PackedLauncher):
        plugins.register(plugin)
