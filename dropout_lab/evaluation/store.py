"""Files of evaluations in a sweep folder: ``evaluations.csv``, ``ensembles.csv``, ``reliability.csv`` and others."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dropout_lab.config import InferConf
from dropout_lab.errors import format_setting
from dropout_lab.evaluation.measure import Measures
from dropout_lab.files import replace_file
from dropout_lab.metrics import evaluation_columns
from dropout_lab.sweeps.csv_check import verify_csv
from dropout_lab.sweeps.ledger import Row, append_rows, csv_text, read_rows, repair_csv

# Columns that identify an evaluation of a trial.
HOW = ["infer", "infer.passes", "infer.average", "infer.bins", "infer.tau", "infer.ood"]
COLUMNS = ["trial_id", *HOW, *evaluation_columns(), "n_test", "seconds", "version"]
KEY = ["trial_id", *HOW]
FILES = {
    "reliability.csv": [*KEY, "binning", "bin", "low", "high", "count", "confidence", "accuracy"],
    "coverage.csv": [*KEY, "coverage", "risk"],
    "ood.csv": [*KEY, "ood_data", "score", "auroc", "fpr95", "n_in", "n_out"],
}
# Columns of numbers in these files.
MEASURED = {*evaluation_columns(), *"n_test seconds low high count confidence coverage risk".split()}
ENSEMBLES = [
    *("point", "first", "members", *HOW, "kind", "size", "epochs", "passes_each", "metric"),
    *("mean", "low", "high", "n", "values"),
]


def format_inference(conf: InferConf) -> str:
    """Return the name of an inference method as used in the names of prediction files."""
    many = [format_setting(conf.passes), conf.average] if conf.stochastic else []
    return "-".join([conf.kind, *many, *([] if conf.tau == "auto" else [format_setting(conf.tau)])])


def inference_columns(conf: InferConf) -> Row:
    """Return the columns that identify an inference method; settings without effect are empty."""
    many = conf.stochastic
    return {
        "infer": conf.kind,
        "infer.passes": format_setting(conf.passes) if many else "",
        "infer.average": conf.average if many else "",
        "infer.bins": format_setting(conf.bins),
        "infer.tau": format_setting(conf.tau),
        "infer.ood": "/".join(conf.ood),
    }


class EvaluationStore:
    """The evaluation files of one sweep folder.

    Args:
        folder: the sweep folder, claimed by this command.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._path = folder / "evaluations.csv"
        for name, header in {"evaluations.csv": COLUMNS, "ensembles.csv": ENSEMBLES, **FILES}.items():
            key = [column for column in KEY if column in header]
            verify_csv(folder / name, key, header, [column for column in header if column in MEASURED])
            if (folder / name).exists():
                repair_csv(folder / name, header)
        self._there = {_key(row) for row in read_rows(self._path)}

    def has(self, trial_id: str, conf: InferConf) -> bool:
        return _key({"trial_id": trial_id, **inference_columns(conf)}) in self._there

    def add(self, trial_id: str, conf: InferConf, measured: Measures) -> None:
        """Store an evaluation; its row is written last, so that an evaluation cut off by a crash is repeated."""
        named = {"trial_id": trial_id, **inference_columns(conf)}
        parts = {"reliability.csv": measured.bins, "coverage.csv": measured.coverage, "ood.csv": measured.ood}
        for name, rows in parts.items():
            if rows:
                append_rows(self.folder / name, FILES[name], [named | row for row in rows])
        append_rows(self._path, COLUMNS, [named | measured.measured])
        self._there.add(_key(named))

    def has_ensemble(self, point: str, members: str, conf: InferConf) -> bool:
        """Return whether the ensembles of exactly these members are stored."""
        wanted = {"point": point, "members": members, **inference_columns(conf)}
        return any(wanted.items() <= row.items() for row in read_rows(self.folder / "ensembles.csv"))

    def add_ensemble(self, point: str, conf: InferConf, rows: Sequence[Mapping[str, Any]]) -> None:
        """Store the ensembles of a point, replacing those of other members."""
        path, mine = self.folder / "ensembles.csv", {"point": point, **inference_columns(conf)}
        old = [row for row in read_rows(path) if not mine.items() <= row.items()]
        replace_file(path, csv_text([*old, *({**mine, **row} for row in rows)], ENSEMBLES, with_header=True))


def _key(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in KEY)
