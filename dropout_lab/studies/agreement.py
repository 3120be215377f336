"""Agreement of a row of a study's table with its published figure."""

from dataclasses import dataclass

import numpy as np

from dropout_lab.stats.intervals import Interval
from dropout_lab.studies.bound_tests import BoundTest
from dropout_lab.studies.measurements import Measurements, PublishedFigure
from dropout_lab.studies.published_runs import MARGIN, find_runs

PAIRED = "paired with the authors' runs"


@dataclass(frozen=True)
class TableRow:
    """Row of a study's table: one metric of one cell and its published figure.

    Args:
        label: label of the cell; empty for a published figure that the study does not measure.
        metric: name of the metric.
        published: the published figure; None if there is none.
        verdict: one of those of :mod:`dropout_lab.studies.verdicts`; empty if nothing is
            compared.
        name: name that the study gives to a published figure that it does not measure.
        panel: panel of the row; "" for all panels.
        paired: difference to the authors' single runs with its interval, for the replicates that both have; None if the
            authors' runs are not known.
        margin: margin of agreement; None if the row is not judged.
    """

    label: str
    metric: str
    published: PublishedFigure | None = None
    verdict: str = ""
    name: str = ""
    panel: str = ""
    paired: Interval | None = None
    margin: float | None = None


def agreement_test(measured: Measurements, row: TableRow) -> BoundTest | None:
    """Return the test of whether a row agrees with its published figure; None if the row is not judged.

    If the results of the authors' single runs are known, the test is of the difference in pairs by replicate, with a
    margin of :data:`dropout_lab.studies.published_runs.MARGIN` of their mean. It asks for agreement on these
    replicates, so it needs no correction for overlapping splits. Otherwise the mean is compared with the printed
    figure, whose standard error is part of the test, within the margin of the study.
    """
    if row.published is None:
        return None
    values = measured.values(row.label, row.metric)
    cell, replicates = measured.by_label[row.label], list(measured.study.replicates)
    runs = find_runs(measured.study.name, replicates, cell.settings, row.metric)
    shared = {key: runs[name] for key in values if (name := tuple(_text(part) for part in key)) in runs}
    if len(shared) > 1:
        differences = np.array([values[key] - theirs for key, theirs in shared.items()])
        margin = MARGIN * abs(float(np.mean(list(runs.values()))))
        return BoundTest(PAIRED, differences, -margin, margin)
    within = measured.study.metrics[row.metric].within(row.panel)
    if within is None:
        return None
    overlap = measured.overlap([row.label])
    differences, error = np.array(list(values.values())) - row.published.number, row.published.standard_error(overlap)
    return BoundTest(row.label, differences, -within, within, overlap=overlap, bound_error=error)


def _text(part: object) -> str:
    return f"{part:.12g}" if isinstance(part, float) else str(part)
