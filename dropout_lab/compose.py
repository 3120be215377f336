"""From words on the command line to configs: Hydra composes the groups, the schemas take the values.

Hydra needs about 50 ms for one composition. So it is asked once for each combination of group choices, and plain
values (rates, strengths, seeds) are set on the composed, frozen config, which costs microseconds.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, IntervalSweep, Override, OverrideType
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, flag_override
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from dropout_lab.config import DEPRECATED, GROUPS, MODELS, Config, settings_table, update_settings
from dropout_lab.config.training import COMBINATIONS
from dropout_lab.settings import ConfigError, Setting, show
from dropout_lab.spelling import hint, one_of

LISTED = "`dropout-lab list settings` shows them"
_HERE = Path(__file__).resolve().parent
# Inside a wheel conf/ lies in the package; in a checkout it lies beside it.
CONF = _HERE / "conf" if (_HERE / "conf").is_dir() else _HERE.parent / "conf"

Composer = Callable[[list[str]], DictConfig]


def register() -> None:
    """Tell Hydra the schemas. OmegaConf makes a frozen dataclass read-only, so the nodes are thawed first."""
    store = ConfigStore.instance()
    store.store(name="base_config", node=_thawed(Config), provider="dropout-lab")
    for name, schema in MODELS.items():
        store.store(group="hydra/schema/model", name=name, node=_thawed(schema), provider="dropout-lab")


def _thawed(schema: type) -> DictConfig:
    node: DictConfig = OmegaConf.structured(schema)
    nodes = [node, *(node[key] for key in node if not OmegaConf.is_missing(node, key))]
    for each in nodes:
        if isinstance(each, DictConfig):
            OmegaConf.set_readonly(each, None)
    for group in {key.partition(".")[0] for key in DEPRECATED} & set(node):
        OmegaConf.set_struct(node[group], False)  # takes former names; `composed` refuses other unknown ones
    return node


@lru_cache(maxsize=4096)
def parse(word: str) -> Override:
    """One ``key=value`` word in Hydra's override grammar."""
    try:
        return OverridesParser.create().parse_override(word)
    except HydraException as error:
        if "=" not in word:
            raise ConfigError(f"cannot read {word!r}: a setting is written NAME=VALUE") from None
        reason = str(error).splitlines()[0]
        hint = "put a value with other than plain characters into quotes: 'out=\"a=b\"'"
        raise ConfigError(f"cannot read {word!r} ({reason}); {hint}") from None


def is_group(override: Override) -> bool:
    """Whether the word chooses files (``model=cnn``, ``hydra/launcher=joblib``), which Hydra must compose."""
    return override.key_or_group in GROUPS or "/" in override.key_or_group or override.is_hydra_override()


@cache
def _settings() -> dict[str, Setting]:
    """The settings a user gives a value; the kind of a group is chosen by its file."""
    return {entry.key: entry for entry in settings_table() if entry.name != "kind"}


def check(word: str) -> Override:
    """Refuse a word that is known to be wrong before anything is composed: a misspelt key, a value out of range at
    any point of its axis.

    Raises:
        ConfigError: with the one line to print.
    """
    override = parse(word)
    key = override.key_or_group
    if override.is_hydra_override() or "/" in key:
        return override
    if key == "study":
        raise ConfigError(f"{word}: a study is run by `dropout-lab reproduce NAME`")
    change = override.type is OverrideType.CHANGE and override.package is None
    if (key not in _settings() and key not in GROUPS) or not change:
        group, _, name = key.partition(".")
        known = [*_settings(), *GROUPS]
        elsewhere = [other for other in _settings() if other.rpartition(".")[2] == (name or key)]
        if key in known and not change:
            raise ConfigError(f"{word}: write {key}=VALUE")
        meant = [group] if group in GROUPS and name == "kind" else elsewhere or known
        instead = f"did you mean {meant[0]!r}?" if meant is not known else hint(key, known, LISTED)
        raise ConfigError(f"no setting {key!r}; {instead}")
    if key == "seeds" and override.is_sweep_override():
        raise ConfigError(f"{word}: seeds is not an axis; seeds=5 stands for 0..4, seeds=[0,3,7] for a list")
    if override.is_interval_sweep() and key not in _settings():
        raise ConfigError(f"{word}: a range is for a setting that is a number")
    for value in _values(override):
        if key in _settings():
            _settings()[key].checked(value)
            continue
        names = value if isinstance(value, list) and key == "regularizer" else [value]
        if not all(isinstance(name, str) and name for name in names):
            raise ConfigError.of(key, value, one_of(value, choices(key)))
    return override


def _values(override: Override) -> list[Any]:
    """The values of a word: of a single one, an axis, or the ends of a range."""
    ends = range_of(override)
    if ends is not None:
        return list(ends[:2])
    return [value_of(parse(point)) for point in points(override)]


def range_of(override: Override) -> tuple[float, float, bool] | None:
    """Both ends of ``rate=interval(0,0.8)``, and whether it is tagged ``log``; None for any other word.

    Raises:
        ConfigError: a range that has no room.
    """
    found = override.value()
    if not isinstance(found, IntervalSweep):
        return None
    whole = key_is_whole(override.key_or_group)
    low, high = float(found.start or 0), float(found.end or 0)
    log = "log" in found.tags
    if not low < high or (log and low <= 0):
        room = "a range from above 0 to more" if log else "a range from less to more"
        raise ConfigError(f"{override.input_line}: must be {room}")
    if whole and low.is_integer() and high.is_integer():
        return int(low), int(high), log
    return low, high, log


def key_is_whole(key: str) -> bool:
    """Whether a setting takes whole numbers."""
    return key in _settings() and _settings()[key].type is int


def value_of(override: Override) -> Any:
    """The value of a single-valued word; one that is a name stays as it was typed, ``out=1.10`` no less."""
    value = override.value()
    key = override.key_or_group
    if key in _settings() and _settings()[key].type is str and not isinstance(value, str | list | dict):
        return str(override.input_line).partition("=")[2]
    return value


def points(override: Override) -> list[str]:
    """The words of an axis, one a point: ``rate=0,0.5`` gives ``rate=0`` and ``rate=0.5``. A range stays one."""
    if not override.is_sweep_override() or override.is_interval_sweep():
        return [str(override.input_line)]
    key = override.key_or_group
    pattern = override.value()
    if isinstance(pattern, Glob):
        words = [f"{key}={name}" for name in pattern.filter(choices(key))]
    elif override.is_choice_sweep() or override.is_range_sweep():
        try:
            words = [f"{key}={value}" for value in override.sweep_string_iterator()]
        except HydraException:
            raise ConfigError(f"{override.input_line}: must have a step that leads from start to stop") from None
    else:
        raise ConfigError(f"{override.input_line}: an axis is a list of values, choice(), range() or glob()")
    if not words:
        raise ConfigError(f"{override.input_line}: an empty sweep, the axis has no value")
    return words


def written(value: Any) -> str:
    """A value in Hydra's grammar; words are quoted where the grammar would read something else into them."""
    if isinstance(value, list | tuple):
        return "[" + ",".join(written(v) for v in value) + "]"
    if isinstance(value, str | Path) and not re.fullmatch(r"[A-Za-z_/.][\w/.-]*", str(value), re.ASCII):
        escaped = re.sub(r'(\\*)"', r'\1\1\\"', str(value))
        return '"' + escaped + ("\\" if escaped.endswith("\\") else "") + '"'
    return show(value)


def choices(group: str) -> list[str]:
    """The files a group offers in the project's own conf/."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def described(group: str, choice: str) -> tuple[str, dict[str, str]]:
    """The comment at the head of a choice's file: sentences, and the facts in its ``source:`` and ``test:`` lines."""
    lines = (CONF / group / f"{choice}.yaml").read_text().splitlines()
    comment = [line.removeprefix("#").strip() for line in lines if line.startswith("#")]
    facts = [re.fullmatch(r"(source|test): (.*)", line) for line in comment]
    text = [line for line, fact in zip(comment, facts, strict=True) if not fact]
    return " ".join(text), {fact[1]: fact[2] for fact in facts if fact}


@contextmanager
def standing() -> "Iterator[Points]":
    """A composer over the project's own conf/, outside of a command of Hydra's."""
    with initialize_config_dir(str(CONF), version_base="1.3", job_name="dropout-lab"):
        yield Points(lambda groups: hydra_compose("config", groups))


class Points:
    """Configs at the points of a grid.

    Args:
        compose: composes a list of group choices with Hydra.
    """

    def __init__(self, compose: Composer):
        self._compose = compose
        self._bases: dict[tuple[str, ...], Config] = {}
        self._strangers: dict[str, str] = {}  # settings some point's model does not have -> that model
        self._taken: set[str] = set()

    def config(self, words: Sequence[str]) -> Config:
        """The validated config of one point, given as single-valued words.

        Raises:
            ConfigError: a combination that is refused.
        """
        parsed = [parse(word) for word in words]
        chosen = tuple(word for word, override in zip(words, parsed, strict=True) if is_group(override))
        if chosen not in self._bases:
            self._bases[chosen] = composed(lambda: self._compose(list(chosen)))
        base = self._bases[chosen]
        changes = {o.key_or_group: value_of(o) for o in parsed if not is_group(o)}
        # In a sweep over models, model.channels concerns the CNN and leaves the MLP alone.
        strange = [key for key in changes if key.startswith("model.") and not hasattr(base.model, key[6:])]
        self._strangers.update(dict.fromkeys(strange, base.model.kind))
        self._taken.update(changes.keys() - set(strange))
        return changed(base, {key: value for key, value in changes.items() if key not in strange})

    def check_all_taken(self) -> None:
        """Raise ConfigError for a setting that no model of the sweep has."""
        for key in self._strangers.keys() - self._taken:
            raise ConfigError(f"{key}: model={self._strangers[key]} has no such setting")


def changed(config: Config, changes: dict[str, Any]) -> Config:
    """The config with some settings replaced, validated once."""
    own: dict[str, Any] = {}
    groups: dict[str, dict[str, Any]] = {}
    for key, value in changes.items():
        group, _, name = key.rpartition(".")
        (groups.setdefault(group, {}) if group else own)[name] = value
    own.update({group: replace(getattr(config, group), **values) for group, values in groups.items()})
    return replace(config, **own)


def composed(compose: Callable[[], DictConfig]) -> Config:
    """Run a composition and turn Hydra's and OmegaConf's errors into one line.

    Raises:
        ConfigError: the composition failed.
    """
    try:
        node = compose()
        with flag_override(node, ["struct", "readonly"], False):
            node.pop("hydra", None)
            update_settings(node)
        _refuse_unknown(node)
        config = OmegaConf.to_object(node)
    except (HydraException, OmegaConfBaseException, ValueError, YAMLError) as error:
        raise one_line(error) from None
    assert isinstance(config, Config)
    return config


def _refuse_unknown(node: DictConfig) -> None:
    """Refuse keys that are no settings in the groups that take former names of settings."""
    for group in {key.partition(".")[0] for key in DEPRECATED}:
        schema: Any = OmegaConf.get_type(node, group)
        known = [f"{group}.{each.name}" for each in fields(schema)]
        for key in {f"{group}.{name}" for name in node[group]} - {*known}:
            raise ConfigError(f"no setting {key!r}; {hint(key, known, LISTED)}")


def one_line(error: Exception) -> ConfigError:
    """An error of Hydra or OmegaConf as the project says it."""
    text = str(error.__cause__ or error) if "Error merging" in str(error) else str(error)
    missing = re.search(r"Could not (?:find|load) '([\w/]+)/([^'/]*)'", text)
    if missing:
        if combination := COMBINATIONS.get(f"{missing[1]}={missing[2]}"):
            return ConfigError.of(missing[1], missing[2], f"write {combination}, which is the same")
        offered = choices(missing[1]) or re.findall(r"^\t([\w-]+)$", text, re.MULTILINE)
        return ConfigError.of(missing[1], missing[2], one_of(missing[2], offered))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return ConfigError("; ".join(lines[:2]) or type(error).__name__)
