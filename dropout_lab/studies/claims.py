"""Kinds of claims; each kind turns the measured cells into tests of a mean between bounds."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dropout_lab.errors import ConfigError
from dropout_lab.stats.bounds import difference_bounds
from dropout_lab.studies.bound_tests import BoundTest
from dropout_lab.studies.cells import StudyCell
from dropout_lab.studies.claim_context import ClaimContext, MissingCell
from dropout_lab.studies.study import Claim


def _better(bench: ClaimContext, first: object, second: object, by: float) -> BoundTest:
    a, b = bench.pairs(first, second)
    limit = {"low": by} if bench.sign > 0 else {"high": -by}
    return bench.test(f"{first} - {second}", a - b, (first, second), bounds=bench.differences, **limit)


def better(bench: ClaimContext) -> list[BoundTest]:
    """Return the test of ``better: A, than: B, by: margin``: A is better than B by more than a margin, by default 0."""
    return [_better(bench, bench.parameter("better"), bench.parameter("than"), float(bench.parameter("by", 0)))]


def always(bench: ClaimContext) -> list[BoundTest]:
    """Return the tests of ``always: [[A, B], ...], by: margin``: A is better than B in each pair, on every panel."""
    panels = bench.claim.panels or bench.measured.panels
    boards = [ClaimContext(bench.claim, bench.measured, panel) for panel in panels if panel in bench.measured.panels]
    by = float(bench.parameter("by", 0))
    contrasts = []
    for board in boards:
        for first, second in bench.parameter("always"):
            contrast = _better(board, first, second, by)
            contrasts.append(_on(board.panel, contrast))
    return contrasts


def _on(panel: str, contrast: BoundTest) -> BoundTest:
    about = f"{panel}: {contrast.about}" if panel else contrast.about
    return replace(contrast, about=about)


def equivalent(bench: ClaimContext) -> list[BoundTest]:
    """Return the tests of ``equivalent: [A, B, ...], within: margin``: A differs from each of the others by less than a
    margin in either direction."""
    first, *others = bench.parameter("equivalent")
    within = float(bench.parameter("within"))
    contrasts = []
    for other in others:
        a, b = bench.pairs(first, other)
        limits = {"low": -within, "high": within, "bounds": bench.differences}
        contrasts.append(bench.test(f"{first} - {other}", a - b, (first, other), **limits))
    return contrasts


def best(bench: ClaimContext) -> list[BoundTest]:
    """Return the tests of ``best: A, among: [...], within: margin``: no other cell is better than A by the margin or
    more.

    Without ``among``, A is compared with all cells of the panel. The default margin is 0.
    """
    own = bench.parameter("best")
    names = [cell.name for cell in bench.measured.by_label.values() if cell.panel == bench.panel]
    among = bench.parameter("among") or names
    return [_better(bench, own, other, -float(bench.parameter("within", 0))) for other in among if other != own]


def along_axis(bench: ClaimContext) -> list[StudyCell]:
    """Return the cells of a trend: those in ``among``, which may belong to different arms, or else the cells of the
    claim's arm on the axis."""
    key, arm, among = bench.parameter("over"), bench.parameter("arm"), bench.parameter("among")
    cells = [cell for cell in bench.measured.by_label.values() if cell.panel == bench.panel]
    if among:
        return [cell for cell in cells if cell.name in among and key in cell.settings]
    return [cell for cell in cells if arm in (None, cell.arm) and key in dict(cell.place)]


def trend(bench: ClaimContext) -> list[BoundTest]:
    """Return the tests of ``trend: rising|falling, over: KEY, arm: A|among: [...]``.

    The claim is that every step between neighbouring values of the setting KEY changes the metric in the given
    direction. It is supported only if every single step is significant.

    Raises:
        MissingCell: fewer than three cells of the trend are run at this scale.
        ConfigError: several cells have the same value of the setting.
    """
    direction = 1 if bench.parameter("trend") == "rising" else -1
    key = bench.parameter("over")
    along = sorted((float(cell.settings[key]), cell.name) for cell in along_axis(bench))
    if len(along) < 3:
        raise MissingCell(f"fewer than three values of {key} are run at this scale")
    if len({place for place, _ in along}) < len(along):
        raise ConfigError(
            f"{bench.measured.study.name}: trend over {key}: cells with the same value; name one arm or set among"
        )
    names = [name for _, name in along]
    values = bench.pairs(*names)
    limit = {"low": 0.0} if direction > 0 else {"high": 0.0}
    steps = [(names[i], names[i + 1], values[i + 1] - values[i]) for i in range(len(names) - 1)]
    return [bench.test(f"{b} - {a}", change, (a, b), bounds=bench.differences, **limit) for a, b, change in steps]


def ratio(bench: ClaimContext) -> list[BoundTest]:
    """Return the test of ``ratio: [A, B], between: [low, high]``: A / B is between the bounds; null means no bound.

    Raises:
        MissingCell: a value is not above 0, so that the ratio has no logarithm.
    """
    first, second = bench.parameter("ratio")
    a, b = bench.pairs(first, second)
    low, high = bench.parameter("between")
    limits = {
        "low": math.log(low) if (low or 0) > 0 else -math.inf,
        "high": math.inf if high is None else math.log(high),
    }
    if not (np.array([a, b]) > 0).all():
        raise MissingCell(f"a value of {first} or {second} is not above 0, so the ratio is undefined")
    return [bench.test(f"{first} / {second}", np.log(a / b), (first, second), scale="log", **limits)]


def value(bench: ClaimContext) -> list[BoundTest]:
    """Return the test of ``value: A, between: [low, high]``: the metric of A is between the bounds.

    A bound is null for an open side, or the id of a published figure, whose uncertainty is then part of the test.
    """
    name = bench.parameter("value")
    values = np.array(list(bench.values(name).values()))
    return [bench.test(str(name), values, (name,), bounds=bench.bounds, **bench.between(name))]


def gain(bench: ClaimContext) -> list[BoundTest]:
    """Return the test of ``gain: [A, B], over: [C, D], by: margin``.

    The claim is that the gain of A over B exceeds the gain of C over D by more than a margin, by default 0. With
    ``within: margin`` instead of ``by``, the claim is that the two gains differ by less than a margin in either
    direction.
    """
    a, b, c, d = names = [*bench.parameter("gain"), *bench.parameter("over")]
    values = bench.pairs(*names)
    differences = (values[0] - values[1]) - (values[2] - values[3])
    by = float(bench.parameter("by", 0))
    low, high = (by, math.inf) if bench.sign > 0 else (-math.inf, -by)
    if "within" in bench.claim.test:
        low, high = -float(bench.parameter("within")), float(bench.parameter("within"))
    bounds = difference_bounds(bench.differences)
    return [bench.test(f"({a} - {b}) - ({c} - {d})", differences, names, low=low, high=high, bounds=bounds)]


def near(bench: ClaimContext) -> list[BoundTest]:
    """Return the test of ``near: A, within: margin``: the metric of A differs from the published figure by less than a
    margin; the standard error of the published figure is part of the test.

    Raises:
        ConfigError: the cell has no published figure.
    """
    label = bench.label(bench.parameter("near"))
    published = bench.measured.published(label, bench.claim.metric)
    if published is None:
        raise ConfigError(f"{bench.measured.study.name}: near: {label} has no published figure")
    name, within = bench.parameter("near"), float(bench.parameter("within"))
    values = np.array(list(bench.values(name).values())) - published.number
    limits = {"low": -within, "high": within, "bounds": tuple(end - published.number for end in bench.bounds)}
    error = published.standard_error(bench.measured.overlap([label]))
    return [bench.test(f"{label} - published {published.number:g}", values, (name,), bound_error=error, **limits)]


def same(bench: ClaimContext) -> tuple[bool, list[float]]:
    """Return whether ``same: [A, ...]`` holds, and the values of all trials of these cells.

    The claim is that all values are equal, and with ``to: value`` that they are equal to this value.
    """
    values = [v for name in bench.parameter("same") for v in bench.values(name).values()]
    wanted = bench.parameter("to")
    return bool(values) and len({*values, *([] if wanted is None else [float(wanted)])}) == 1, values


@dataclass(frozen=True)
class ClaimTest:
    """Kind of test.

    Args:
        contrasts: function that returns the tests of a claim; None for exact claims.
        keys: required and optional parameters, in addition to the one that names the kind.
        ordered: whether the test needs to know if higher or lower values are better.
        once: whether the test covers all panels together.
    """

    contrasts: Callable[[ClaimContext], Sequence[BoundTest]] | None
    keys: tuple[tuple[str, ...], tuple[str, ...]]
    ordered: bool = False
    once: bool = False


TESTS = {
    "better": ClaimTest(better, (("than",), ("by",)), ordered=True),
    "always": ClaimTest(always, ((), ("by",)), ordered=True, once=True),
    "equivalent": ClaimTest(equivalent, (("within",), ())),
    "best": ClaimTest(best, ((), ("among", "within")), ordered=True),
    "trend": ClaimTest(trend, (("over",), ("arm", "among"))),
    "ratio": ClaimTest(ratio, (("between",), ())),
    "value": ClaimTest(value, (("between",), ())),
    "gain": ClaimTest(gain, (("over",), ("by", "within")), ordered=True),
    "near": ClaimTest(near, (("within",), ())),
    "same": ClaimTest(None, ((), ("to",))),
}


def list_cells(claim: Claim) -> Iterable[str]:
    """Yield the names of the cells in a claim's test."""
    for key in ("better", "than", "always", "equivalent", "best", "among", "ratio", "value", "gain", "near", "same"):
        yield from _flat(claim.test.get(key))
    if claim.kind == "gain":
        yield from _flat(claim.test["over"])


def _flat(contrasts: object) -> Iterable[str]:
    if isinstance(contrasts, list):
        for each in contrasts:
            yield from _flat(each)
    elif contrasts is not None:
        yield str(contrasts)
