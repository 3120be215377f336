"""The cells of a study: each arm at each place of its axes, on each panel of data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from dropout_lab.config.compose import check_override, override_value, parse_override, split_axis
from dropout_lab.errors import ConfigError, did_you_mean, format_setting
from dropout_lab.studies.study import Scale, Study, Words


@dataclass(frozen=True)
class StudyCell:
    """One arm at one place, on one panel.

    Args:
        panel, arm: their names; a study of one data set has the panel "".
        place: what the arm's axes are here, by key; what tells replicates apart is none of them.
        words: all of its settings as they are typed, one value a word.
    """

    panel: str
    arm: str
    place: tuple[tuple[str, str], ...]
    words: tuple[str, ...]

    @cached_property
    def name(self) -> str:
        """The name within its panel: ``dropout rate=0.5``."""
        return " ".join([self.arm, *(f"{key}={value}" for key, value in self.place)])

    @property
    def label(self) -> str:
        return f"{self.panel}/{self.name}" if self.panel else self.name

    @cached_property
    def settings(self) -> dict[str, str]:
        """The shown value of each word by key."""
        return {word.partition("=")[0]: _shown(word) for word in self.words}


def make_cells(study: Study, scale: Scale) -> list[StudyCell]:
    """All cells of a study at one scale, panel by panel; later words win: base, panel, scale, arm.

    Raises:
        ConfigError: a word that is wrong by itself.
    """
    chosen = study.panels if scale.panels is None else scale.panels
    found = []
    for panel in chosen:
        on_panel = {**study.base, **study.panels[panel], **scale.words, **chosen[panel]}
        for arm, words in study.arms.items():
            if scale.only is None or arm in scale.only:
                found += _places(study, panel, arm, {**on_panel, **words, **scale.arms.get(arm, {})})
    return found


def _places(study: Study, panel: str, arm: str, words: Words) -> list[StudyCell]:
    axes: dict[str, Sequence[str]] = {}
    for key, word in words.items():
        try:
            axes[key] = split_axis(check_override(word))
        except ConfigError as error:
            raise ConfigError(f"{study.name}: {panel} {arm}: {error}") from None
    follow = _followers(study, axes, f"{study.name}: {panel} {arm}")
    found: dict[str, list[StudyCell]] = {}
    free = [key for key in axes if key not in follow]
    for places in product(*(range(len(axes[key])) for key in free)):
        at = dict(zip(free, places, strict=True))
        point = {key: axis[at[follow.get(key, key)]] for key, axis in axes.items()}
        place = [(key, _shown(point[key])) for key in free if len(axes[key]) > 1]
        apart = tuple((key, value) for key, value in place if key not in study.replicates)
        cell = StudyCell(panel, arm, apart, tuple(point.values()))
        found.setdefault(cell.name, []).append(cell)
    return [cell for each in found.values() for cell in each]


def _followers(study: Study, axes: Mapping[str, Sequence[str]], place: str) -> dict[str, str]:
    """Which axes go along with which other one, by key."""
    found = {}
    for group in study.together:
        first, *others = [key for key in group if len(axes.get(key, ())) > 1] or [""]
        for key in others:
            if len(axes[key]) != len(axes[first]):
                raise ConfigError(f"{place}: {first} and {key} go together and must have equally many values")
            found[key] = first
    return found


def _shown(word: str) -> str:
    override = parse_override(word)
    return word.partition("=")[2] if override.is_sweep_override() else format_setting(override_value(override))


def check_cells(study: Study, named: Iterable[str]) -> None:
    """Refuse a study whose published figures or claims name cells that it has at no scale.

    Args:
        study: the study.
        named: the names in its claims.

    Raises:
        ConfigError: such a name, or a setting that is wrong by itself.
    """
    every = [cell for scale in study.scales.values() for cell in make_cells(study, scale)]
    known = {name: None for cell in every for name in (cell.name, cell.label)}
    asked = dict.fromkeys(named, "claims")
    for metric in study.metrics.values():
        place = f"metrics: {metric.name}"
        asked |= {metric.relative: f"{place}: relative"} if metric.relative else {}
        for published in metric.published.values():
            asked |= dict.fromkeys(published, f"{place}: published")
    for name, place in asked.items():
        if name not in known:
            instead = did_you_mean(name, known, "there are " + ", ".join(known))
            raise ConfigError(f"{study.name}: {place}: no cell {name!r}; {instead}")
