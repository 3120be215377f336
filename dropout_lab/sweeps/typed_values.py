"""Axis values of a sweep folder, in the order in which its last command listed them."""

import shlex
from pathlib import Path

from dropout_lab.config import current_key, list_settings
from dropout_lab.config.compose import override_value, parse_override
from dropout_lab.errors import ConfigError
from dropout_lab.sweeps.grid import expand_grid, shown_value

CONFIG = "config.yaml"
COMMAND = "# The last command that trained here: "


def typed_values(folder: Path) -> dict[str, list[str]]:
    """Return the values of each column of ``trials.csv`` that the last command set; empty if the command is unknown.

    Args:
        folder: a sweep folder; its ``config.yaml`` begins with the command.
    """
    try:
        head = (folder / CONFIG).read_text(encoding="utf-8").partition("\n")[0]
        words = shlex.split(head.removeprefix(COMMAND)) if head.startswith(COMMAND) else []
        jobs = expand_grid(
            [word for word in words[1:] if "=" in word and not word.startswith(("-", "hydra", "+", "~"))]
        )
    except (OSError, ValueError, ConfigError):  # written by an older version or edited by hand
        return {}
    columns = {entry.key: entry.column for entry in list_settings()}
    values_by_column: dict[str, dict[str, None]] = {}
    for word in (word for job in jobs for word in job):
        override = parse_override(word)
        if not override.is_sweep_override():
            key = current_key(override.key_or_group)
            values_by_column.setdefault(columns.get(key, key), {})[shown_value(override_value(override))] = None
    return {column: list(values) for column, values in values_by_column.items()}
