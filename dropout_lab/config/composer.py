"""Composition of the configs of a grid, with one call to Hydra per combination of group choices."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import JobRuntime
from hydra.errors import HydraException
from hydra.version import VersionBase
from omegaconf import DictConfig, OmegaConf, flag_override
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from dropout_lab.config import DEPRECATED, Config, update_settings
from dropout_lab.config.composition import Composition, Template
from dropout_lab.config.groups import CONF, EXPERIMENT, SCHEMA, to_config_error
from dropout_lab.config.overrides import LISTED, override_value, parse_override, selects_config_file
from dropout_lab.config.prefixes import to_hydra
from dropout_lab.errors import ConfigError, did_you_mean

HYDRA = ("hydra", "_dummy_empty_config_")  # config-store entries of Hydra itself
Composer = Callable[[list[str]], DictConfig]


@contextmanager
def open_composer() -> "Iterator[ConfigComposer]":
    """Yield a composer over the project's conf/, outside a Hydra command or inside another Hydra application.

    Hydra's process-wide state is restored afterwards. Meanwhile the configs that the application stored are hidden,
    since Hydra would match them with the project's files of the same name.
    """
    outer = GlobalHydra.instance()
    hydra, base, name = outer.hydra, VersionBase.instance().getbase(), JobRuntime().get("name")
    store = ConfigStore.instance()
    stored = store.repo
    store.repo = {key: value for key, value in stored.items() if key.partition(".")[0] in (*HYDRA, SCHEMA)}
    outer.clear()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3", job_name="dropout-lab"):
            yield ConfigComposer(lambda groups: hydra_compose("config", groups, return_hydra_config=True))
    finally:
        store.repo = stored
        outer.hydra = hydra
        GlobalHydra.set_instance(outer)
        VersionBase.instance().version_base = base
        JobRuntime().set("name", name)


class ConfigComposer:
    """Composer of the configs of a grid.

    Args:
        compose: composes a list of group choices with Hydra, including its node ``hydra``.
        params: axes in ``hydra.sweeper.params`` that the caller expands.
    """

    def __init__(self, compose: Composer, params: Mapping[str, Any] | None = None):
        self._compose, self._params = compose, dict(params or {})
        self._bases: dict[tuple[str, ...], Template] = {}
        self._cache = OmegaConf.create()
        self._strangers: dict[str, str] = {}  # setting that a model of the grid lacks -> that model
        self._taken: set[str] = set()

    def config(self, words: Sequence[str]) -> Config:
        """Return the validated config of one point; see :meth:`composition`."""
        return self.composition(words).config

    def composition(self, words: Sequence[str]) -> Composition:
        """Compose one point, given as single-valued words.

        Raises:
            ConfigError: the combination is invalid.
        """
        parsed = [parse_override(word) for word in words]
        chosen = tuple(word for word, override in zip(words, parsed, strict=True) if selects_config_file(override))
        if chosen not in self._bases:
            self._bases[chosen] = compose_config(lambda: self._composed(chosen), self._cache)
        base = self._bases[chosen]
        changes = {o.key_or_group: override_value(o) for o in parsed if not selects_config_file(o)}
        # In a sweep over models, model.channels applies to the CNN and is ignored for the MLP.
        strange = [key for key in changes if key.startswith("model.") and key[6:] not in base.model]
        self._strangers.update(dict.fromkeys(strange, str(base.model.get("kind", ""))))
        self._taken.update(changes.keys() - set(strange))
        return base.compose({key: value for key, value in changes.items() if key not in strange})

    def _composed(self, chosen: Sequence[str]) -> DictConfig:
        node = self._compose(to_hydra(chosen))
        params = dict(OmegaConf.select(node, "hydra.sweeper.params") or {})
        if params.keys() - self._params.keys():
            axes, experiment = ", ".join(params), next((word for word in chosen if word.startswith(EXPERIMENT)), "")
            raise ConfigError(
                f"{experiment}: has axes in hydra.sweeper.params ({axes}), which are read only if a sweep on the "
                "command line has this experiment alone"
            )
        return node

    def check_all_taken(self) -> None:
        """Raise ConfigError for a setting that no model of the sweep has."""
        for key in self._strangers.keys() - self._taken:
            raise ConfigError(f"{key}: model={self._strangers[key]} has no such setting")


def compose_config(compose: Callable[[], DictConfig], cache: DictConfig | None = None) -> Template:
    """Run a composition, with the errors of Hydra and OmegaConf reduced to one line.

    Args:
        compose: composes with Hydra.
        cache: holds the values of caching resolvers; see :class:`Template`.

    Raises:
        ConfigError: the composition failed.
    """
    try:
        node = compose()
        with flag_override(node, ["struct", "readonly"], False):
            node.pop("hydra", None)
            if OmegaConf.get_type(node) is not Config:
                raise ConfigError("a primary configuration must extend dropout-lab's: `defaults: [config, _self_]`")
            update_settings(node)
        _refuse_unknown(node)
        return Template(node, OmegaConf.create() if cache is None else cache)
    except (HydraException, OmegaConfBaseException, ValueError, YAMLError) as error:
        raise to_config_error(error) from None


def _refuse_unknown(node: DictConfig) -> None:
    """Raise ConfigError for unknown keys, which the nodes accept where settings have former names."""
    for group in {key.rpartition(".")[0] for key in DEPRECATED}:
        given: Any = node[group] if group else node
        schema: Any = OmegaConf.get_type(node, group) if group else Config
        if not is_dataclass(schema):  # a model file that extends no built-in model, which Config refuses
            continue
        known = [f"{group}.{each.name}" if group else each.name for each in fields(schema)]
        for key in {f"{group}.{name}" if group else str(name) for name in given} - {*known}:
            raise ConfigError(f"no setting {key!r}; {did_you_mean(key, known, LISTED)}")
