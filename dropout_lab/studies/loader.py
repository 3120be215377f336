"""Loading and validation of study files; error messages are one line with the file and the key."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from dropout_lab.config import current_key, former_columns
from dropout_lab.errors import ConfigError, did_you_mean, list_allowed
from dropout_lab.studies.claims import TESTS
from dropout_lab.studies.conditions import check_references, parse_conditions
from dropout_lab.studies.published import load_published
from dropout_lab.studies.study import (
    AT,
    CATEGORIES,
    FORMS,
    HIGHER,
    LOWER,
    SCALES,
    Claim,
    Picture,
    Reading,
    Study,
    StudyMetric,
    StudyScale,
    Words,
)
from dropout_lab.studies.yaml_node import YamlNode

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TEXT, WORDS, LIST, MAP = "a sentence", "settings as on the command line", "a list", "a mapping"
NEEDED = {"title": TEXT, "source": TEXT, "question": TEXT, "arms": MAP, "metrics": MAP, "scales": MAP}
MORE = {
    "base": WORDS,
    "panels": MAP,
    "original": MAP,
    "replicates": LIST,
    "together": LIST,
    "probe": "true or false",
    "comparable": "conditions",
    "deviations": LIST,
    "unmeasured": MAP,
    "claims": LIST,
    "figure": MAP,
}
METRIC = ("value", "title", "better", "digits", "margin", "relative", "readings", "published", "unmeasured")
SCALE = ("set", "panels", "arms", "only", "deviations")
CLAIM = ("id", "category", "says", "source", "test", "metric", "panels", "comparable")


def load_study(path: Path) -> Study:
    """Read and validate one study file.

    Raises:
        ConfigError: the file cannot be read, is not YAML, or is not a valid study.
    """
    try:
        with path.open(encoding="utf-8") as file:
            text = yaml.load(file, Loader)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not YAML ({' '.join(str(error).split())})") from None
    return replace(parse_study(path.stem, text, path.name), file=path)


def parse_study(name: str, text: Any, place: str = "") -> Study:
    """Return the study that a parsed YAML file describes.

    Args:
        name: name of the study.
        text: the parsed YAML.
        place: name of the file in error messages; the name of the study if empty.

    Raises:
        ConfigError: the file is not a valid study.
    """
    node = YamlNode(text, place or name)
    given = node.mapping([*NEEDED, *MORE], list(NEEDED))
    panels = {key: each.words() for key, each in node.within("panels", {"": ""}).items()}
    arms = {key: each.words() for key, each in node.within("arms").items()}
    metrics = {key: _metric(key, each, panels) for key, each in node.within("metrics").items()}
    scales = {key: _scale(key, each, panels, arms) for key, each in node.within("scales").items()}
    if set(scales) - set(SCALES) or "smoke" not in scales:
        raise node.within("scales").error(f"must be from {', '.join(SCALES)}, and include smoke")
    first = next(iter(metrics))
    unmeasured = {**_by_panel(node.within("unmeasured", {}), panels), **metrics[first].unmeasured}
    metrics[first] = replace(metrics[first], unmeasured=unmeasured)
    study = Study(
        name=name,
        title=node.within("title").text(),
        source=node.within("source").text(),
        question=node.within("question").text(),
        arms=arms,
        metrics=metrics,
        scales={key: scales[key] for key in SCALES if key in scales},
        base=node.within("base", "").words(),
        panels=panels,
        original={key: each.text() for key, each in node.within("original", {}).items()},
        replicates=[former_columns().get(name, name) for name in node.within("replicates", ["seed"]).texts()],
        together=[[current_key(key) for key in each.texts()] for each in node.within("together", []).items_of_list()],
        probe=bool(given.get("probe", False)),
        comparable=parse_conditions(node.within("comparable", [])),
        deviations=node.within("deviations", []).texts(),
        claims=_claims(node.within("claims", []), metrics, panels),
        figure=_picture(node.within("figure", {}), metrics),
    )
    check_references(study)
    return study


def _metric(name: str, node: YamlNode, panels: Mapping[str, Words]) -> StudyMetric:
    given = node.mapping(METRIC, ["value", "title"])
    return StudyMetric(
        name,
        node.within("value").text(),
        node.within("title").text(),
        node.within("better", "").of((HIGHER, LOWER, "")),
        int(given.get("digits", 2)),
        _margins(node.within("margin", {}), panels),
        str(given.get("relative", "")),
        {key: _reading(each) for key, each in node.within("readings", {}).items()},
        _by_panel(node.within("published", {}), panels),
        _by_panel(node.within("unmeasured", {}), panels),
    )


def _by_panel(node: YamlNode, panels: Mapping[str, Words]) -> dict[str, dict[str, str]]:
    """Return a mapping from panel to cell name to id of a published figure.

    The panel is "" if the keys of the node are names of cells instead of panels.
    """
    given = dict(node.items())
    nodes = given if set(given) <= set(panels) else {"": node}
    return {panel: {name: _fact(each) for name, each in cells.items()} for panel, cells in nodes.items()}


def _margins(node: YamlNode, panels: Mapping[str, Words]) -> dict[str, float]:
    """Return the margin of each panel; the panel is "" if the node is a single number."""
    given = node.value if isinstance(node.value, dict) else {"": node.value}
    _known(node, [key for key in given if key], panels, "panel")
    for value in given.values():
        if not (isinstance(value, int | float) and value > 0):
            raise node.error("must be a number above 0, or one number per panel")
    return {str(panel): float(value) for panel, value in given.items()}


def _reading(node: YamlNode) -> Reading:
    node.mapping(("file", "value", "where", "at"), ["file", "value"])
    where = node.within("where", "").value
    return Reading(node.within("file").text(), node.within("value").text(), where, node.within("at", "last").of(AT))


def _fact(node: YamlNode) -> str:
    if node.value not in load_published():
        raise node.error(
            f"no published figure {node.value!r}; "
            + did_you_mean(str(node.value), load_published(), "see published.csv")
        )
    return str(node.value)


def _scale(name: str, node: YamlNode, panels: Mapping[str, Words], arms: Mapping[str, Words]) -> StudyScale:
    node.mapping(SCALE)
    own = node.value.get("panels")
    chosen = None if own is None else {key: each.words() for key, each in node.within("panels").items()}
    _known(node.within("panels"), chosen or {}, panels, "panel")
    changed = {key: each.words() for key, each in node.within("arms", {}).items()}
    only = None if node.value.get("only") is None else node.within("only").texts()
    _known(node, [*changed, *(only or [])], arms, "arm")
    return StudyScale(
        name, node.within("set", "").words(), chosen, changed, only, node.within("deviations", []).texts()
    )


def _known(node: YamlNode, names: Any, known: Mapping[str, Any], what: str) -> None:
    for name in names:
        if name not in known:
            raise node.error(f"no {what} {name!r}; allowed: {', '.join(known)}")


def _claims(node: YamlNode, metrics: Mapping[str, StudyMetric], panels: Mapping[str, Words]) -> list[Claim]:
    claims = [_claim(each, metrics, panels) for each in node.items_of_list()]
    ids = [claim.id for claim in claims if claim.id]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise node.error(f"id {twice[0]!r} is used by two claims; ids must be unique in a study")
    return claims


def _claim(node: YamlNode, metrics: Mapping[str, StudyMetric], panels: Mapping[str, Words]) -> Claim:
    given = node.mapping(CLAIM, ["says", "source", "test"])
    test = node.within("test").mapping()
    kind = next(iter(test))
    if kind not in TESTS:
        raise node.within("test").error(f"no test {kind!r}; {list_allowed(kind, TESTS)}")
    needed, more = TESTS[kind].keys
    node.within("test").mapping([kind, *needed, *more], [kind, *needed])
    metric = str(given.get("metric", next(iter(metrics))))
    _known(node, [metric], metrics, "metric")
    chosen = None if given.get("panels") is None else node.within("panels").texts()
    _known(node, chosen or [], panels, "panel")
    if TESTS[kind].ordered and not metrics[metric].better:
        raise node.error(f"metric {metric} does not define which direction is better")
    own = parse_conditions(node.within("comparable")) if "comparable" in given else None
    return Claim(
        node.within("says").text(),
        node.within("source").text(),
        kind,
        test,
        metric,
        chosen,
        own,
        str(given.get("id", "")),
        node.within("category", next(iter(CATEGORIES))).of(tuple(CATEGORIES)),
    )


def _picture(node: YamlNode, metrics: Mapping[str, StudyMetric]) -> Picture:
    given = node.mapping(("form", "x", "metrics", "log"))
    form = node.within("form", "arms").of(FORMS)
    if form != "arms" and not given.get("x"):
        raise node.error(f"form {form} requires x")
    chosen = node.within("metrics", []).texts()
    _known(node, chosen, metrics, "metric")
    return Picture(form, str(given.get("x", "")), chosen, bool(given.get("log", False)))
