"""Words in figures: titles of axes, the note that explains bars, and the bounds of an axis."""

from dropout_lab.report.figures.data import PlotData
from dropout_lab.report.figures.metric_text import describe_metric
from dropout_lab.report.figures.style import FigureSize, row_name, shorten
from dropout_lab.stats.bounds import FRACTION, difference_bounds
from dropout_lab.stats.intervals import LEAST, Bounds

_AXES = {
    "rate": "dropout rate",
    "input_rate": "dropout rate of the input",
    "train.lr": "learning rate",
    "train.epochs": "epochs",
    "train.batch_size": "batch size",
    "data.train_size": "training examples",
    "variant": "variant",
    "epoch": "epoch",
}


def axis_title(setting: str) -> str:
    """Return the title of an axis along which a setting varies."""
    return _AXES.get(setting) or shorten(setting)


def arm_row(data: PlotData, label: str, size: FigureSize) -> str:
    """Return the name of an arm as the title of a row: without the names of its settings if it is long."""
    name = row_name(label, size)
    if name == label:
        return name
    return row_name(", ".join(data.summary.settings.get(label, {}).values()) or label, size)


def metric_bounds(data: PlotData, metric: str) -> Bounds:
    """Return the smallest and largest possible value of a metric in the unit in which it is shown."""
    shown = describe_metric(metric, data.summary.trials)
    accuracies = metric == "gap" and shown.scale != 1
    low, high = difference_bounds(FRACTION) if accuracies else data.summary.bounds_of(metric)
    return low * shown.scale, high * shown.scale


def spread_note(data: PlotData, metric: str) -> str:
    """Return the meaning of the bars or ticks of a figure, such as ``mean and 95% interval, 5 seeds``."""
    counts = sorted({len(data.replicates(label, metric)) for label in data.summary.arms} - {0}) or [0]
    n = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    if counts[-1] < 2:
        return "one seed per arm, so no spread is shown"
    return f"mean and 95% interval, {n} seeds" if counts[-1] >= LEAST else "values of two seeds and their mean"
