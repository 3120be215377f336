"""Composition of configs from the words of the command line.

Composing the choices of the groups takes Hydra about 50 ms, so each combination of choices is composed only once.
Plain values (rates, strengths, seeds) and interpolations are then applied to the result.
"""

from dropout_lab.config.composer import ConfigComposer, compose_config, open_composer
from dropout_lab.config.composition import Composition, Template, replace_settings, to_yaml
from dropout_lab.config.groups import CONF, EXPERIMENT, list_choices, read_card, register_schemas, to_config_error
from dropout_lab.config.overrides import (
    check_override,
    count_points,
    format_value,
    interpolates,
    is_integer_setting,
    override_value,
    parse_override,
    parse_range,
    selects_config_file,
    split_axis,
)
from dropout_lab.config.prefixes import remove_prefixes, to_hydra

__all__ = [
    "CONF",
    "EXPERIMENT",
    "Composition",
    "ConfigComposer",
    "Template",
    "check_override",
    "compose_config",
    "count_points",
    "format_value",
    "interpolates",
    "is_integer_setting",
    "list_choices",
    "open_composer",
    "override_value",
    "parse_override",
    "parse_range",
    "read_card",
    "register_schemas",
    "remove_prefixes",
    "replace_settings",
    "selects_config_file",
    "split_axis",
    "to_config_error",
    "to_hydra",
    "to_yaml",
]
