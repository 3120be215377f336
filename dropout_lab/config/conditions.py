"""Values of settings by key, and the conditions under which a setting has an effect."""

from typing import TYPE_CHECKING, Any

from dropout_lab.settings.fields import Setting

if TYPE_CHECKING:
    from dropout_lab.config.schema import Config


def get_value(key: str, config: "Config") -> Any:
    """Return the value of a setting by its key; None if the config lacks it, such as ``model.hidden`` for a CNN."""
    node: Any = config
    for name in key.split("."):
        node = getattr(node, name, None)
    return node


def has_effect(entry: Setting, config: "Config") -> bool:
    """Return whether a setting can have an effect, given the other settings of its config."""
    for condition, wanted in ((entry.spec.when, True), (entry.spec.unless, False)):
        if condition is not None:
            key, *values = condition
            value = get_value(key, config)
            met = any(v in values for v in value) if isinstance(value, list) else value in values
            if met is not wanted:
                return False
    return True
