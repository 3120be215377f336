"""The template of a combination of group choices, and the configs made from it with plain values.

Interpolations such as ``${train.batch_size}`` are resolved last, when all values of a point are known. A template
without interpolations is built once as frozen dataclasses, whose values are replaced in microseconds.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from dropout_lab.config import GROUPS, Config
from dropout_lab.config.overrides import LISTED, interpolates, override_value, parse_override, settings
from dropout_lab.errors import ConfigError, did_you_mean, format_setting


def replace_settings(config: Config, values: Mapping[str, Any]) -> Config:
    """Return the config with some settings replaced, validated once.

    Args:
        config: a config whose interpolations are resolved.
        values: plain values by full key, as ``train.lr``.

    Raises:
        ConfigError: a value is invalid.
    """
    top: dict[str, Any] = {}
    groups: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        group, _, name = key.rpartition(".")
        (groups.setdefault(group, {}) if group else top)[name] = value
    top.update({group: getattr(config, group).changed(new) for group, new in groups.items()})
    return config.changed(top)


def to_yaml(config: Config, expressions: Mapping[str, Any] | None = None) -> str:
    """Return a config as YAML.

    Args:
        config: the config.
        expressions: interpolations by full key, written instead of their resolved values.
    """
    tree = asdict(config)
    for key, expression in (expressions or {}).items():
        _set(tree, key, expression)
    return OmegaConf.to_yaml(OmegaConf.create(tree))


class Template:
    """The settings of one combination of group choices, before any value is applied.

    Args:
        node: the config composed by Hydra, without its node ``hydra``.
        cache: an OmegaConf node that keeps the values of caching resolvers. The templates of one command share it, so
            that ``${now:%H%M%S}`` has the same value at all points.

    Raises:
        ConfigError: the settings hold no interpolation and are invalid.
    """

    def __init__(self, node: DictConfig, cache: DictConfig):
        self._tree: dict[str, Any] = OmegaConf.to_container(node, resolve=False)  # type: ignore[assignment]
        self._node: DictConfig | None = None
        self._schemas = {group: OmegaConf.get_type(node, group) for group in GROUPS}
        self._cache = cache
        self._config: Config | None = None
        if not interpolates(self._tree):
            self._config = OmegaConf.to_object(node)  # type: ignore[assignment]

    @property
    def model(self) -> Mapping[str, Any]:
        """The unresolved settings of the chosen model."""
        model = self._tree["model"]
        return model if isinstance(model, dict) else {}

    def compose(self, values: Mapping[str, Any]) -> "Composition":
        """Apply values by full key, and resolve all interpolations.

        Raises:
            ConfigError: a value is invalid, or an interpolation cannot be resolved.
        """
        if self._config is not None and not any(map(interpolates, values.values())):
            return Composition(replace_settings(self._config, values), self)
        tree = {key: dict(value) if isinstance(value, dict) else value for key, value in self._tree.items()}
        for key, value in values.items():
            _set(tree, key, value)
        expressions = _expressions(tree)
        for key, value in self._resolve(values, expressions).items():
            _set(tree, key, value)
        return Composition(self._validate(tree, expressions), self, values, expressions)

    def _resolve(self, values: Mapping[str, Any], expressions: Mapping[str, Any]) -> dict[str, Any]:
        """Return the value of each interpolation after the values are applied."""
        if self._node is None:
            self._node = OmegaConf.create(self._tree)
        OmegaConf.copy_cache(self._cache, self._node)
        # The node is reused: creating one per point would take longer than everything else.
        try:
            for key, value in values.items():
                OmegaConf.update(self._node, key, value, merge=False)
            return {key: _resolved(self._node, key, expression) for key, expression in expressions.items()}
        finally:
            OmegaConf.copy_cache(self._node, self._cache)
            for key in values:
                OmegaConf.update(self._node, key, _get(self._tree, key), merge=False)

    def _validate(self, tree: Mapping[str, Any], expressions: Mapping[str, Any]) -> Config:
        """Build the config; an error about a resolved value names its interpolation."""
        try:
            groups = {
                group: schema(**tree[group]) if is_dataclass(schema) else tree[group]
                for group, schema in self._schemas.items()
            }
            return Config(**{**tree, **groups})
        except ConfigError as error:
            key = str(error).partition("=")[0]
            if key not in expressions:
                raise
            raise ConfigError(f"{error} (resolved from {key}={format_setting(expressions[key])})") from None


@dataclass(frozen=True)
class Composition:
    """A config with its origin.

    Args:
        config: the validated config, without interpolations.
        template: the template that the values were applied to.
        values: the applied values by full key; empty if there are no interpolations.
        expressions: settings with interpolations by full key, as they were written.
    """

    config: Config
    template: Template
    values: Mapping[str, Any] = field(default_factory=dict)
    expressions: Mapping[str, Any] = field(default_factory=dict)

    def changed(self, values: Mapping[str, Any]) -> Config:
        """Return the config with some values replaced; interpolations are resolved again."""
        return self.template.compose({**self.values, **values}).config


def _resolved(node: DictConfig, key: str, expression: Any) -> Any:
    """Return the resolved value of an interpolation."""
    try:
        value = OmegaConf.select(node, key)
        value = OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
    except OmegaConfBaseException as error:
        raise ConfigError(f"{key}={format_setting(expression)}: {_reason(error)}") from None
    return _converted(key, value)


def _get(tree: Mapping[str, Any], key: str) -> Any:
    group, _, name = key.rpartition(".")
    return (tree[group] if group else tree)[name]


def _set(tree: dict[str, Any], key: str, value: Any) -> None:
    group, _, name = key.rpartition(".")
    (tree[group] if group else tree)[name] = value


def _expressions(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings whose values hold an interpolation, by full key."""
    flat = {key: value for key, value in tree.items() if not isinstance(value, dict)}
    for group in tree.keys() - flat.keys():
        flat.update({f"{group}.{name}": value for name, value in tree[group].items()})
    return {key: flat[key] for key in sorted(flat) if interpolates(flat[key])}


def _converted(key: str, value: Any) -> Any:
    """Convert a resolved value as the command line would parse it: strings from the environment become numbers."""
    kind = settings()[key].type if key in settings() else None
    if kind is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if kind in (str, None):
        return value
    if isinstance(value, list):
        return [_converted(key, each) for each in value]
    if not isinstance(value, str) or interpolates(value):
        return value
    try:
        override = parse_override(f"{key}={value}")
    except ConfigError:
        return value
    return value if override.is_sweep_override() else override_value(override)


def _reason(error: Exception) -> str:
    """Return one line about an interpolation that OmegaConf could not resolve, with the key concerned."""
    lines = [line.strip() for line in str(error).splitlines()]
    at = next((line.removeprefix("full_key: ") for line in lines if line.startswith("full_key: ")), "")
    missing = re.fullmatch(r"Interpolation key '(.*)' not found", lines[0])
    if missing:
        return f"no setting {missing[1]!r}; {did_you_mean(missing[1], settings(), LISTED)}"
    if lines[0].startswith(("Recursive interpolation", "Interpolation to parent")):
        return f"the interpolation of {at} refers to itself; write a value instead"
    raised = re.fullmatch(r"\w+ raised while resolving interpolation: \"?(.*?)\"?", lines[0])
    return raised[1] if raised else lines[0]
