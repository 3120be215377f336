"""The tests of claims: each kind turns the measured cells into contrasts."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dropout_lab.errors import ConfigError
from dropout_lab.stats.bounds import difference_bounds
from dropout_lab.stats.intervals import Bounds
from dropout_lab.studies.bound_tests import BoundTest
from dropout_lab.studies.bounds import metric_bounds
from dropout_lab.studies.cells import StudyCell
from dropout_lab.studies.measurements import Measurements
from dropout_lab.studies.study import HIGHER, Claim


class MissingCell(Exception):
    """What the claim is about is not there: a cell that is not run at this scale, a ratio of no numbers."""


@dataclass(frozen=True)
class ClaimContext:
    """A claim beside what was measured on one panel."""

    claim: Claim
    measured: Measurements
    panel: str

    def label(self, name: object) -> str:
        """The label of a cell that a test names: within the panel, or as PANEL/NAME.

        Raises:
            Absent: it is not run at this scale.
        """
        for label in (f"{self.panel}/{name}" if self.panel else str(name), str(name)):
            if label in self.measured.by_label:
                return label
        raise MissingCell(f"{name} is not run at this scale")

    def values(self, name: object) -> dict[Any, float]:
        return self.measured.values(self.label(name), self.claim.metric)

    def pairs(self, *names: object) -> np.ndarray:
        """The metric of these cells, for the replicates that all of them have. [len(names), n]"""
        found = [self.values(name) for name in names]
        shared = [key for key in found[0] if all(key in each for each in found)]
        return np.array([[each[key] for key in shared] for each in found])

    @property
    def bounds(self) -> Bounds:
        """The bounds of the metric."""
        return metric_bounds(self.measured.study.metrics[self.claim.metric])

    @property
    def differences(self) -> Bounds:
        """The bounds of a difference of two values of the metric."""
        return difference_bounds(self.bounds)

    @property
    def sign(self) -> int:
        """1 if more of the metric is better, else -1."""
        return 1 if self.measured.study.metrics[self.claim.metric].better == HIGHER else -1

    def parameter(self, key: str, default: Any = None) -> Any:
        return self.claim.test.get(key, default)


def _better(bench: ClaimContext, first: object, second: object, by: float) -> BoundTest:
    a, b = bench.pairs(first, second)
    about = f"{first} - {second}"
    if bench.sign > 0:
        return BoundTest(about, a - b, low=by, bounds=bench.differences)
    return BoundTest(about, a - b, high=-by, bounds=bench.differences)


def better(bench: ClaimContext) -> list[BoundTest]:
    """``better: A, than: B, by: margin``: A is better than B, by more than a margin."""
    return [_better(bench, bench.parameter("better"), bench.parameter("than"), float(bench.parameter("by", 0)))]


def always(bench: ClaimContext) -> list[BoundTest]:
    """``always: [[A, B], ...], by: margin``: A is better than B in each pair, on every panel."""
    panels = bench.claim.panels or bench.measured.panels
    boards = [ClaimContext(bench.claim, bench.measured, panel) for panel in panels if panel in bench.measured.panels]
    by = float(bench.parameter("by", 0))
    found = []
    for board in boards:
        for first, second in bench.parameter("always"):
            contrast = _better(board, first, second, by)
            found.append(_on(board.panel, contrast))
    return found


def _on(panel: str, contrast: BoundTest) -> BoundTest:
    about = f"{panel}: {contrast.about}" if panel else contrast.about
    return replace(contrast, about=about)


def equivalent(bench: ClaimContext) -> list[BoundTest]:
    """``equivalent: [A, B], within: margin``: they differ by less than a margin, either way."""
    first, *others = bench.parameter("equivalent")
    within = float(bench.parameter("within"))
    found = []
    for other in others:
        a, b = bench.pairs(first, other)
        found.append(BoundTest(f"{first} - {other}", a - b, -within, within, bounds=bench.differences))
    return found


def best(bench: ClaimContext) -> list[BoundTest]:
    """``best: A, among: [...], within: margin``: no other one is better than A, by as much as a margin."""
    own = bench.parameter("best")
    names = [cell.name for cell in bench.measured.by_label.values() if cell.panel == bench.panel]
    among = bench.parameter("among") or names
    return [_better(bench, own, other, -float(bench.parameter("within", 0))) for other in among if other != own]


def along_axis(bench: ClaimContext) -> list[StudyCell]:
    """The cells of a trend: those of its arm that have a place on the axis, or the ones it names, whose arms may each
    have a value of their own."""
    key, arm, among = bench.parameter("over"), bench.parameter("arm"), bench.parameter("among")
    found = [cell for cell in bench.measured.by_label.values() if cell.panel == bench.panel]
    if among:
        return [cell for cell in found if cell.name in among and key in cell.settings]
    return [cell for cell in found if arm in (None, cell.arm) and key in dict(cell.place)]


def trend(bench: ClaimContext) -> list[BoundTest]:
    """``trend: rising|falling, over: KEY, arm: A|among: [...]``: the metric goes that way along the axis, or along the
    values that the cells among have, and no step goes the other."""
    direction = 1 if bench.parameter("trend") == "rising" else -1
    key = bench.parameter("over")
    along = sorted((float(cell.settings[key]), cell.name) for cell in along_axis(bench))
    if len(along) < 3:
        raise MissingCell(f"fewer than three places along {key} are run at this scale")
    if len({place for place, _ in along}) < len(along):
        raise ConfigError(f"{bench.measured.study.name}: trend over {key}: name one arm, or the cells in among")
    names = [name for _, name in along]
    values = bench.pairs(*names)
    ranks = np.arange(len(names)) - (len(names) - 1) / 2
    slopes = ranks @ values / (ranks @ ranks)
    low, high = (0.0, math.inf) if direction > 0 else (-math.inf, 0.0)
    steps = [
        BoundTest(f"{names[i + 1]} - {names[i]}", values[i + 1] - values[i], low, high, "", True, bench.differences)
        for i in range(len(names) - 1)
    ]
    steepest = ranks[ranks > 0].sum() / (ranks @ ranks)  # of values at one bound, then at the other
    bounds = (steepest * bench.differences[0], steepest * bench.differences[1])
    return [BoundTest(f"change a step along {key}", slopes, low, high, bounds=bounds), *steps]


def ratio(bench: ClaimContext) -> list[BoundTest]:
    """``ratio: [A, B], between: [low, high]``: A over B lies there; null for an open side."""
    first, second = bench.parameter("ratio")
    a, b = bench.pairs(first, second)
    low, high = _between(bench)
    low = math.log(low) if low > 0 else -math.inf
    if not (np.array([a, b]) > 0).all():
        raise MissingCell(f"a value of {first} or {second} is not above 0, and they have no ratio")
    return [BoundTest(f"{first} / {second}", np.log(a / b), low, math.log(high), scale="log")]


def value(bench: ClaimContext) -> list[BoundTest]:
    """``value: A, between: [low, high]``: the metric of A lies there; null for an open side."""
    name = bench.parameter("value")
    values = list(bench.values(name).values())
    return [BoundTest(str(name), values, *_between(bench), bounds=bench.bounds, paired=False)]


def _between(bench: ClaimContext) -> tuple[float, float]:
    low, high = bench.parameter("between")
    return -math.inf if low is None else float(low), math.inf if high is None else float(high)


def gain(bench: ClaimContext) -> list[BoundTest]:
    """``gain: [A, B], over: [C, D], by: margin``: A is better than B by more than C is better than D; with
    ``within`` in the place of ``by``, the two differ by less than a margin, either way."""
    a, b, c, d = names = [*bench.parameter("gain"), *bench.parameter("over")]
    values = bench.pairs(*names)
    differences = (values[0] - values[1]) - (values[2] - values[3])
    by = float(bench.parameter("by", 0))
    low, high = (by, math.inf) if bench.sign > 0 else (-math.inf, -by)
    if "within" in bench.claim.test:
        low, high = -float(bench.parameter("within")), float(bench.parameter("within"))
    bounds = difference_bounds(bench.differences)
    return [BoundTest(f"({a} - {b}) - ({c} - {d})", differences, low, high, bounds=bounds)]


def near(bench: ClaimContext) -> list[BoundTest]:
    """``near: A, within: margin``: the metric of A is the published one, within a margin."""
    label = bench.label(bench.parameter("near"))
    published = bench.measured.published(label, bench.claim.metric)
    if published is None:
        raise ConfigError(f"{bench.measured.study.name}: near: {label} has no published figure")
    within = float(bench.parameter("within"))
    values = np.array(list(bench.values(bench.parameter("near")).values()))
    bounds = (bench.bounds[0] - published.number, bench.bounds[1] - published.number)
    about = f"{label} - published {published.number:g}"
    return [BoundTest(about, values - published.number, -within, within, bounds=bounds, paired=False)]


def same(bench: ClaimContext) -> tuple[bool, list[float]]:
    """``same: [A, ...]``, with ``to: value``: exactly one and the same value in all trials of these cells."""
    values = [v for name in bench.parameter("same") for v in bench.values(name).values()]
    wanted = bench.parameter("to")
    return bool(values) and len({*values, *([] if wanted is None else [float(wanted)])}) == 1, values


@dataclass(frozen=True)
class ClaimTest:
    """A kind of test.

    Args:
        contrasts: makes them; None for facts that are exact.
        keys: parameters it needs beside its own, and those it may have.
        ordered: whether it asks which of two values is better.
        once: whether it is about all panels together.
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
    """The names of cells that stand in a claim's test."""
    for key in ("better", "than", "always", "equivalent", "best", "among", "ratio", "value", "gain", "near", "same"):
        yield from _flat(claim.test.get(key))
    if claim.kind == "gain":
        yield from _flat(claim.test["over"])


def _flat(found: object) -> Iterable[str]:
    if isinstance(found, list):
        for each in found:
            yield from _flat(each)
    elif found is not None:
        yield str(found)
