"""Registration of the project's Hydra plugins."""

import sys
from importlib import import_module
from pathlib import Path

from hydra.core.plugins import Plugins

# Contains hydra_plugins, a portion of Hydra's namespace package, from which Hydra imports the launcher.
FOLDER = Path(__file__).resolve().parents[1] / "sweeps" / "plugins"


def enable_plugins() -> None:
    """Register the project's plugins with Hydra, even if Hydra has already scanned for plugins."""
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    plugins = Plugins.instance()
    packed = import_module("hydra_plugins.dropout_lab_packed")
    for plugin in (packed.PackedSweeper, packed.PackedLauncher):
        plugins.register(plugin)
