"""A claim with the measurements that it is tested on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dropout_lab.errors import ConfigError
from dropout_lab.stats.bounds import difference_bounds
from dropout_lab.stats.intervals import Bounds
from dropout_lab.studies.bound_tests import BoundTest
from dropout_lab.studies.bounds import metric_bounds
from dropout_lab.studies.measurements import Measurements
from dropout_lab.studies.published import load_published
from dropout_lab.studies.study import HIGHER, Claim


class MissingCell(Exception):
    """Raised if a claim cannot be tested, for example because a cell is not run at this scale or a ratio does not
    exist."""


@dataclass(frozen=True)
class ClaimContext:
    """A claim and the measurements on one panel."""

    claim: Claim
    measured: Measurements
    panel: str

    def label(self, name: object) -> str:
        """Return the label of a cell that a test names, either within the panel or as ``PANEL/NAME``.

        Raises:
            MissingCell: the cell is not run at this scale.
        """
        for label in (f"{self.panel}/{name}" if self.panel else str(name), str(name)):
            if label in self.measured.by_label:
                return label
        raise MissingCell(f"{name} is not run at this scale")

    def values(self, name: object) -> dict[Any, float]:
        return self.measured.values(self.label(name), self.claim.metric)

    def pairs(self, *names: object) -> np.ndarray:
        """Return the metric of these cells for the n replicates that all of them have, [len(names), n]."""
        values = [self.values(name) for name in names]
        shared = [key for key in values[0] if all(key in each for each in values)]
        return np.array([[each[key] for key in shared] for each in values])

    def test(self, about: str, values: np.ndarray, names: Sequence[object], **more: Any) -> BoundTest:
        """Return the test of values that were measured on these cells."""
        overlap = self.measured.overlap([self.label(name) for name in names])
        return BoundTest(about, values, overlap=overlap, **more)

    @property
    def bounds(self) -> Bounds:
        """Bounds of the metric."""
        return metric_bounds(self.measured.study.metrics[self.claim.metric])

    @property
    def differences(self) -> Bounds:
        """Bounds of the difference of two values of the metric."""
        return difference_bounds(self.bounds)

    @property
    def sign(self) -> int:
        """1 if a higher value of the metric is better, else -1."""
        return 1 if self.measured.study.metrics[self.claim.metric].better == HIGHER else -1

    def parameter(self, key: str, default: Any = None) -> Any:
        return self.claim.test.get(key, default)

    def between(self, name: object) -> dict[str, float]:
        """Return the bounds of ``between: [low, high]`` and their standard error.

        A bound is a number, null for an open side, or the id of a published figure, whose uncertainty is then part of
        the test.

        Args:
            name: cell that is compared with the bounds.

        Raises:
            ConfigError: there is no such published figure.
        """
        limits = {"low": -math.inf, "high": math.inf, "bound_error": 0.0}
        for end, bound in zip(("low", "high"), self.parameter("between"), strict=True):
            if isinstance(bound, str):
                if bound not in load_published():
                    raise ConfigError(
                        f"{self.measured.study.name}: between: no published figure {bound!r} in published.csv"
                    )
                figure = load_published()[bound]
                error = figure.standard_error(self.measured.overlap([self.label(name)]))
                limits |= {end: figure.number, "bound_error": max(error, limits["bound_error"])}
            elif bound is not None:
                limits[end] = float(bound)
        return limits
