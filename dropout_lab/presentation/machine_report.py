"""The result of a command as one JSON object, for programs."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from dropout_lab.sweeps.outcome import Outcome


def report_outcome(outcome: Outcome, status: int, table: str) -> dict[str, Any]:
    """Return the result of a finished sweep or search.

    Args:
        outcome: the result; its files are written.
        status: the exit status of the command.
        table: name of the file with the table, of which the CSV file is read.

    Returns:
        the exit status, the folder, the number of trials by status, the files, and the rows of the table.
    """
    folder = outcome.folder
    frame = pd.read_csv((folder / table).with_suffix(".csv"))
    return {
        "exit_status": status,
        "error": None,
        "folder": str(folder),
        "trials": count_trials(outcome),
        "files": sorted(path.name for path in folder.iterdir() if path.is_file()),
        "table": _rows(frame),
    }


def report_claims(out: Path, status: int) -> dict[str, Any]:
    """Return the result of finished studies: the exit status, the folder, and all claims below it as the table.

    Args:
        out: folder of the studies.
        status: the exit status of the command.
    """
    path = out / "claims.csv"
    frame = pd.read_csv(path) if path.exists() else pd.DataFrame()
    files = sorted(str(file.relative_to(out)) for file in out.glob("claims.*"))
    return {"exit_status": status, "error": None, "folder": str(out), "files": files, "table": _rows(frame)}


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", double_precision=15))
    return rows


def count_trials(outcome: Outcome) -> dict[str, int]:
    """Return the number of trials of a command: all, newly trained, and by status."""
    counts = Counter(row["status"] for row in outcome.rows)
    return {
        "total": len(outcome.rows),
        "trained": outcome.trained,
        **{name: counts[name] for name in ("ok", "diverged", "failed")},
    }
