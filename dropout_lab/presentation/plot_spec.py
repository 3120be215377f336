"""Figure for the options of ``dropout-lab plot``, with checks of the options."""

from collections.abc import Mapping, Sequence

from dropout_lab.errors import ConfigError, list_allowed
from dropout_lab.metrics import SCORES
from dropout_lab.presentation.options import choose, split_names
from dropout_lab.report.figures.data import ARM, PlotData
from dropout_lab.report.figures.spec import KINDS, PlotSpec
from dropout_lab.report.figures.style import SIZES
from dropout_lab.report.summary import PLACES

EPOCH = "epoch"
AUTO = "auto"
FEW = 7  # with more arms than colours, an axis has its panels
FIXED = ("forest", "seeds", "reliability", "coverage")  # kinds whose axes cannot be chosen
OPTIONS = {
    "kind": AUTO,
    "x": AUTO,
    "y": AUTO,
    "hue": AUTO,
    "col": AUTO,
    "size": "page",
    "title": AUTO,
    "range": "",
}


def choose_figure(data: PlotData, options: Mapping[str, str]) -> PlotSpec:
    """Return the figure that the options ask for.

    Args:
        data: what can be shown.
        options: values of some of the keys of :data:`OPTIONS`.

    Raises:
        ConfigError: an option has no allowed value, or the figure cannot be drawn from these data.
    """
    given = {**OPTIONS, **options}
    size = SIZES[choose("size", given["size"], tuple(SIZES))]
    kind = given["kind"] if given["kind"] == AUTO else choose("kind", given["kind"], KINDS)
    kind = _default_kind(data, given) if kind == AUTO else kind
    if kind in FIXED:
        spec = _fixed(data, given, kind)
    elif kind == "heat":
        spec = _heat(data, given)
    else:
        spec = _with_axes(data, given, kind)
    title = data.title if given["title"] == AUTO else "" if given["title"] == "none" else given["title"]
    return PlotSpec(spec.kind, spec.x, spec.y, spec.hue, spec.col, size, title, _range(given["range"]))


def _range(value: str) -> tuple[float, float] | None:
    if not value:
        return None
    low, _, high = value.partition(":")
    try:
        limits = float(low), float(high)
    except ValueError:
        limits = (0.0, 0.0)
    if not limits[0] < limits[1]:
        raise ConfigError.of("range", value, "must be LOW:HIGH in the shown unit, such as range=80:100")
    return limits


def _default_kind(data: PlotData, given: Mapping[str, str]) -> str:
    x = given["x"]
    if x == EPOCH:
        return "curves"
    if x != AUTO and x not in (*data.axes, ARM) and x in data.metrics:
        return "scatter"
    return "line" if data.numeric(_default_x(data) if x == AUTO else x) else "dots"


def _default_x(data: PlotData) -> str:
    numbers = [axis for axis in data.axes if data.numeric(axis)]
    return "rate" if "rate" in numbers else next(iter(numbers or data.axes), ARM)


def _axis(data: PlotData, key: str, value: str) -> str:
    """Return the name of an axis that an option names."""
    known = [*data.axes, ARM] if key == "x" else data.axes
    if value not in known:
        raise ConfigError.of(key, value, f"does not vary in this folder; {list_allowed(value, known)}")
    return value


def _metric(value: str, known: Sequence[str], default: str, key: str = "y") -> str:
    if value == AUTO:
        return default
    if value not in known:
        raise ConfigError.of(key, value, f"was not measured in this folder; {list_allowed(value, known)}")
    return value


def _with_axes(data: PlotData, given: Mapping[str, str], kind: str) -> PlotSpec:
    """Return a figure whose series are distinguished by the settings in ``hue`` and ``col``."""
    x, y = _positions(data, given, kind)
    col = "" if given["col"] in ("none", AUTO) else _axis(data, "col", given["col"])
    hue = [_axis(data, "hue", name) for name in split_names(given["hue"])] if given["hue"] != AUTO else []
    hue = [name for name in hue if name not in (x, col)]
    rest = [axis for axis in data.axes if axis not in (x, col, *hue) and x != ARM]
    if kind == "scatter" and given["hue"] == AUTO and len(data.summary.arms) > FEW:
        hue = [_first_word(data)]
    if given["hue"] == AUTO and given["col"] == AUTO and kind != "scatter" and len(rest) > 1:
        series = len({tuple(point.cells.get(axis) for axis in rest) for point in data.points})
        places = [axis for axis in rest if axis.partition(".")[0] in PLACES]
        if places or series > FEW:
            col = next(iter(places), rest[1])
            rest.remove(col)
    if kind == "scatter" and (hue or given["hue"] == "none"):
        rest = []  # points of one series need no line that joins them
    # Settings that no option names tell series apart as well, so that nothing is averaged over them.
    return PlotSpec(kind, x, y, [*hue, *rest], col)


def _positions(data: PlotData, given: Mapping[str, str], kind: str) -> tuple[str, str]:
    """Return the columns on the two axes of a figure."""
    x, y = given["x"], given["y"]
    if kind == "curves":
        if x not in (AUTO, EPOCH):
            raise ConfigError.of("x", x, "kind=curves requires x=epoch; leave out x=")
        known = data.curve_metrics
        if not known:
            raise ConfigError("kind=curves: the folder has no curves.csv; a sweep writes it unless train.curves=none")
        score = next((f"val_{metric.name}" for metric in SCORES if f"val_{metric.name}" in known), known[0])
        return EPOCH, _metric(y, known, score)
    score = data.metrics[0] if data.metrics else ""
    y = _metric(y, data.metrics, score)
    if not y:
        raise ConfigError("nothing to plot: no trial in this folder has finished")
    if kind == "scatter":
        return _metric(x, data.metrics, "train_seconds", "x"), y
    x = (_default_x(data) if kind == "line" else _first_word(data)) if x == AUTO else _axis(data, "x", x)
    if kind == "line" and not data.numeric(x):
        raise ConfigError.of("x", x, "kind=line requires at least two numeric values of x; use kind=dots")
    return x, y


def _first_word(data: PlotData) -> str:
    """Return the first axis that is no number, or else the first axis."""
    return next((axis for axis in data.axes if not data.numeric(axis)), next(iter(data.axes), ARM))


def _heat(data: PlotData, given: Mapping[str, str]) -> PlotSpec:
    """Return a heat map: two of x, y and hue are settings, and the third may be a metric."""
    named = [given[key] for key in ("x", "y", "hue") if given[key] not in (AUTO, "none")]
    axes = [name for name in named if name in data.axes]
    for name in named:
        if name not in (*data.axes, *data.metrics):
            key = next(key for key in ("x", "y", "hue") if given[key] == name)
            raise ConfigError.of(key, name, list_allowed(name, [*data.axes, *data.metrics]))
    axes += [axis for axis in data.axes if axis not in axes and axis != given["col"]]
    if len(axes) < 2:
        raise ConfigError(f"kind=heat: requires two settings that vary, got {', '.join(data.axes) or 'none'}")
    metric = next((name for name in named if name in data.metrics), data.metrics[0] if data.metrics else "")
    if not metric:
        raise ConfigError("nothing to plot: no trial in this folder has finished")
    rest = [axis for axis in axes[2:] if axis not in named]
    col = rest[0] if given["col"] == AUTO and rest else "" if given["col"] in (AUTO, "none") else given["col"]
    col = _axis(data, "col", col) if col else ""
    left = [axis for axis in data.axes if axis not in (*axes[:2], col)]
    if left:
        raise ConfigError(
            f"kind=heat: {', '.join(left)} vary as well; a heat map shows two settings, and a third with col="
        )
    return PlotSpec("heat", axes[0], metric, [axes[1]], col)


def _fixed(data: PlotData, given: Mapping[str, str], kind: str) -> PlotSpec:
    for key in ("x", "hue", "col"):
        if given[key] not in (AUTO, "none"):
            raise ConfigError.of(key, given[key], f"kind={kind} has fixed axes; leave out {key}=")
    score = data.summary.shown[0] if data.summary.shown else ""
    if kind == "seeds":
        return PlotSpec(kind, "", _metric(given["y"], data.metrics, score))
    if kind == "forest":
        if given["y"] not in (AUTO, *(data.summary.score(label) for label in data.summary.arms)):
            raise ConfigError.of("y", given["y"], "kind=forest always shows the score; leave out y=")
        if not data.summary.comparison.to_baseline:
            raise ConfigError("kind=forest: requires at least two arms that share two seeds")
    elif given["y"] != AUTO:
        raise ConfigError.of("y", given["y"], f"kind={kind} has fixed axes; leave out y=")
    elif (data.reliability if kind == "reliability" else data.coverage).empty:
        raise ConfigError(
            f"kind={kind}: the folder has no {kind}.csv; `dropout-lab evaluate infer=weight_scaling out=DIR` writes it "
            "for a classification sweep with saved weights (save_weights=true)"
        )
    return PlotSpec(kind, "", score)
