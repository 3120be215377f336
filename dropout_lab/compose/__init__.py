"""From words on the command line to configs.

Hydra composes the choices of the groups, which takes it about 50 ms, so it is asked once for each combination of
choices. Plain values (rates, strengths, seeds) and interpolations are applied to what it composed.
"""

from dropout_lab.compose.composer import Points, composed, standing
from dropout_lab.compose.composition import Composition, Template, changed, to_yaml
from dropout_lab.compose.groups import CONF, choices, described, one_line, register
from dropout_lab.compose.overrides import (
    check,
    interpolates,
    is_group,
    key_is_whole,
    parse,
    points,
    range_of,
    value_of,
    written,
)

__all__ = [
    "CONF",
    "Composition",
    "Points",
    "Template",
    "changed",
    "check",
    "choices",
    "composed",
    "described",
    "interpolates",
    "is_group",
    "key_is_whole",
    "one_line",
    "parse",
    "points",
    "range_of",
    "register",
    "standing",
    "to_yaml",
    "value_of",
    "written",
]
