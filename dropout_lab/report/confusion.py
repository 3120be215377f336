"""Confusion matrices of the arms of a sweep, from the saved predictions of their trials."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from dropout_lab.report.plots import STYLE
from dropout_lab.report.predictions import load_predictions
from dropout_lab.report.summary import Summary
from dropout_lab.stats.metric_functions import count_confusions

MOST_NUMBERS = 20  # largest number of classes with a number in each cell
COLUMNS = 3  # panels in a row
SIDE = 3.6  # of a panel, in inches


def count_by_arm(summary: Summary, classes: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the confusion matrix [K, K] of each arm, summed over its finished trials with saved predictions.

    Rows are true classes and columns predicted ones. Arms without saved predictions are left out.
    """
    counts = {}
    for label in summary.arms:
        rows = summary.of(label)
        ids = rows.loc[rows["status"] == "ok", "trial_id"]
        saved = [arrays for i in ids if (arrays := load_predictions(summary.folder or "", i))]
        if saved:
            pairs = ((arrays["prediction"].astype(int), arrays["target"].astype(int)) for arrays in saved)
            counts[label] = np.sum([count_confusions(*pair, len(classes)) for pair in pairs], axis=0)
    return counts


def confusion_frame(counts: Mapping[str, np.ndarray], classes: Sequence[str]) -> pd.DataFrame:
    """Return one row per arm, true class and predicted class.

    The column ``share`` is the fraction of the examples of the true class; it is empty for a class without examples.
    """
    rows = []
    for label, matrix in counts.items():
        for k, line in enumerate(matrix):
            for j, count in enumerate(line):
                share = count / line.sum() if line.sum() else np.nan
                row = {"arm": label, "true": classes[k], "predicted": classes[j], "count": count, "share": share}
                rows.append(row)
    return pd.DataFrame(rows, columns=["arm", "true", "predicted", "count", "share"])


def draw_confusion(counts: Mapping[str, np.ndarray], classes: Sequence[str], title: str) -> Figure:
    """Draw one panel per arm, coloured by the fraction of the examples of each true class."""
    wide = min(len(counts), COLUMNS)
    high = -(-len(counts) // wide)
    with rc_context({**STYLE, "axes.grid": False}):
        figure = Figure(figsize=(SIDE * wide + 0.6, SIDE * high + 0.4), layout="constrained")
        panels = figure.subplots(high, wide, squeeze=False).flatten()
        for panel, (label, matrix) in zip(panels, counts.items(), strict=False):
            totals = matrix.sum(1, keepdims=True)
            shares = matrix / np.where(totals, totals, 1)
            image = panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
            panel.set(title=label, xlabel="predicted class", ylabel="true class")
            if len(classes) <= MOST_NUMBERS:
                panel.set_xticks(range(len(classes)), classes, rotation=90 if max(map(len, classes)) > 2 else 0)
                panel.set_yticks(range(len(classes)), classes)
                for (k, j), count in np.ndenumerate(matrix):
                    colour = "white" if shares[k, j] > 0.5 else "black"
                    panel.text(j, k, str(count), ha="center", va="center", color=colour, fontsize=6)
        for panel in panels[len(counts) :]:
            panel.set_axis_off()
        figure.colorbar(image, ax=list(panels), label="fraction of the true class", shrink=0.6)
        figure.suptitle(f"{title}: test examples of all seeds", fontsize=10)
    return figure
