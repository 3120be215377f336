"""The table of metrics, and what derives from it."""

import ast
import csv
from pathlib import Path

import pytest

import dropout_lab
from dropout_lab.metrics import EVALUATION_METRICS, METRICS, REQUESTED, SCORES, evaluation_columns, metric_of, score_of
from dropout_lab.report.summary import METRICS as SUMMARIZED
from dropout_lab.stats.bounds import bounds_of
from dropout_lab.sweeps.columns import CURVE_COLUMNS, trial_columns

PACKAGE = Path(dropout_lab.__file__).parent


def test_each_task_has_one_score():
    for task in ("classification", "regression", "language"):
        assert [metric for metric in SCORES if task in metric.tasks] == [score_of(task)]


def test_a_column_leads_to_its_metric():
    assert metric_of("test_accuracy") is metric_of("accuracy") is METRICS["accuracy"]
    assert metric_of("val_log_likelihood") is METRICS["log_likelihood"]
    assert metric_of("train_seconds") is None
    assert metric_of("majority_accuracy") is None
    assert bounds_of("val_perplexity") == METRICS["perplexity"].bounds


def test_the_signs_follow_the_better_direction():
    assert METRICS["accuracy"].cost(0.9) < METRICS["accuracy"].cost(0.8)
    assert METRICS["rmse"].cost(0.8) < METRICS["rmse"].cost(0.9)
    assert METRICS["accuracy"].gap(train=1.0, test=0.9) == pytest.approx(0.1)
    assert METRICS["rmse"].gap(train=1.0, test=1.5) == pytest.approx(0.5)


def test_columns_of_the_files_come_from_the_table():
    assert [c for c in trial_columns() if metric_of(c)][:6] == [
        *("train_accuracy", "val_accuracy", "test_accuracy", "train_loss", "val_loss", "test_loss")
    ]
    assert {c for c in CURVE_COLUMNS if metric_of(c)} == {
        *("train_loss", "val_loss", "val_accuracy", "val_rmse", "val_perplexity")
    }
    assert set(SUMMARIZED) <= {*trial_columns(REQUESTED)}
    assert evaluation_columns()[-6:] == [
        "rmse",
        "log_likelihood",
        "tau",
        "val_rmse",
        "val_log_likelihood",
        "perplexity",
    ]
    assert {metric_of(c) for c in evaluation_columns()} == set(EVALUATION_METRICS)


# Files that compute or read a quantity by its name; reliability.csv has a column `accuracy` of its bins.
COMPUTING = (
    "metrics.py",
    "evaluation/",
    "train/tasks.py",
    "report/reliability.py",
    "report/evaluations.py",
    "bench/",
    "checks/",
)
COMPUTING += ("report/figures/calibration.py",)
FILES = {str(path.relative_to(PACKAGE)): path for path in PACKAGE.rglob("*.py")}
# Also the names of other things: entropy of a mask, variance of a layer.
AMBIGUOUS = {"loss", "entropy", "variance"}


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith(COMPUTING)])
def test_no_other_file_names_a_metric(name):
    nodes = list(ast.walk(ast.parse(FILES[name].read_text())))
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    names = {word for word in words if (metric := metric_of(word)) and metric.name not in AMBIGUOUS}
    assert not names, f"{name} names {names}; derive them from dropout_lab.metrics"


def test_evaluations_measure_the_metrics_of_the_table(folder, typed):
    measured = set()
    for data in ("wine", "diabetes"):
        words = [f"data={data}", f"out={data}", "rate=0.5", "infer=monte_carlo", "infer.passes=3"]
        assert typed("sweep", "model.hidden=[8]", "train.epochs=3", "seeds=1", *words)[0] == 0
        with Path(data, "evaluations.csv").open() as file:
            measured |= {name for row in csv.DictReader(file) for name, cell in row.items() if cell}
    assert {m.name for m in EVALUATION_METRICS} - measured == {"perplexity"}  # of language models
