"""Cells of a study: each arm at each point of its axes, on each data panel."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from dropout_lab.config.compose import check_override, override_value, parse_override, split_axis
from dropout_lab.errors import ConfigError, did_you_mean, format_setting
from dropout_lab.studies.study import Study, StudyScale, Words


@dataclass(frozen=True)
class StudyCell:
    """One arm at one point of its axes, on one panel.

    Args:
        panel, arm: names of panel and arm; the panel of a study with one data set is "".
        place: keys and values of the arm's axes, without the settings that distinguish replicates.
        words: all settings as on the command line on the command line, with one value each.
    """

    panel: str
    arm: str
    place: tuple[tuple[str, str], ...]
    words: tuple[str, ...]

    @cached_property
    def name(self) -> str:
        """Name within the panel, such as ``dropout rate=0.5``."""
        return " ".join([self.arm, *(f"{key}={value}" for key, value in self.place)])

    @property
    def label(self) -> str:
        return f"{self.panel}/{self.name}" if self.panel else self.name

    @cached_property
    def settings(self) -> dict[str, str]:
        """Displayed value of each setting by key."""
        return {word.partition("=")[0]: _shown(word) for word in self.words}


def make_cells(study: Study, scale: StudyScale) -> list[StudyCell]:
    """Return all cells of a study at one scale, panel by panel.

    Settings override each other in this order, the last one wins: base, panel, scale, panel at this scale, arm, arm at
    this scale. If the scale lists no panels, the settings of the panel override those of the scale.

    Raises:
        ConfigError: a setting is malformed, or linked axes differ in length.
    """
    chosen = study.panels if scale.panels is None else scale.panels
    cells = []
    for panel in chosen:
        on_panel = {**study.base, **study.panels[panel], **scale.words, **chosen[panel]}
        for arm, words in study.arms.items():
            if scale.only is None or arm in scale.only:
                cells += _places(study, panel, arm, {**on_panel, **words, **scale.arms.get(arm, {})})
    return cells


def _places(study: Study, panel: str, arm: str, words: Words) -> list[StudyCell]:
    axes: dict[str, Sequence[str]] = {}
    for key, word in words.items():
        try:
            axes[key] = split_axis(check_override(word))
        except ConfigError as error:
            raise ConfigError(f"{study.name}: {panel} {arm}: {error}") from None
    follow = _followers(study, axes, f"{study.name}: {panel} {arm}")
    named_places: dict[str, list[StudyCell]] = {}
    free = [key for key in axes if key not in follow]
    for places in product(*(range(len(axes[key])) for key in free)):
        at = dict(zip(free, places, strict=True))
        point = {key: axis[at[follow.get(key, key)]] for key, axis in axes.items()}
        place = [(key, _shown(point[key])) for key in free if len(axes[key]) > 1]
        apart = tuple((key, value) for key, value in place if key not in study.replicates)
        cell = StudyCell(panel, arm, apart, tuple(point.values()))
        named_places.setdefault(cell.name, []).append(cell)
    return [cell for each in named_places.values() for cell in each]


def _followers(study: Study, axes: Mapping[str, Sequence[str]], place: str) -> dict[str, str]:
    """Return the keys of the axes that are linked to another axis, with the key of that axis."""
    followers = {}
    for group in study.together:
        first, *others = [key for key in group if len(axes.get(key, ())) > 1] or [""]
        for key in others:
            if len(axes[key]) != len(axes[first]):
                raise ConfigError(
                    f"{place}: {first} and {key} are varied together and must have the same number of values"
                )
            followers[key] = first
    return followers


def _shown(word: str) -> str:
    override = parse_override(word)
    return word.partition("=")[2] if override.is_sweep_override() else format_setting(override_value(override))


def check_cells(study: Study, named: Iterable[str]) -> None:
    """Check that the cells named by the published figures and the claims of a study exist at some scale.

    Args:
        study: the study.
        named: names of cells in its claims.

    Raises:
        ConfigError: a cell exists at no scale, or a setting is malformed.
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
            instead = did_you_mean(name, known, "the cells are " + ", ".join(known))
            raise ConfigError(f"{study.name}: {place}: no cell {name!r}; {instead}")
