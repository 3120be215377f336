"""Ledger of a sweep folder: trials and learning curves as append-only CSV files that survive a crash.

A trial's curve is written before its row, each with one ``write`` and one ``fsync``. A crash can leave a partial line
or a curve without a row; the next run removes these when it opens the folder, so no finished trial is lost.
"""

import csv
import errno
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from dropout_lab.config import update_columns
from dropout_lab.errors import ConfigError, format_setting
from dropout_lab.files import flush, make_folder, remove_leftovers, replace_file
from dropout_lab.metrics import SCORES, requested_columns
from dropout_lab.sweeps.columns import COLUMNS, CURVE_COLUMNS, CURVES, OTHER_METRICS, trial_columns, widen_header
from dropout_lab.sweeps.csv_check import verify_csv

WORDS = ("device", "precision", "version")
NUMBERS = [name for name in COLUMNS[COLUMNS.index(f"train_{SCORES[0].name}") :] if name not in WORDS] + OTHER_METRICS
FINAL = ("ok", "diverged")
# Reports of a sweep. In a folder without a ledger, files of these names belong to the user and are not overwritten.
SUMMARIES = ("summary.csv", "comparisons.csv", "summary.md", "summary.tex", "summary.png", "summary.svg")
CONFUSIONS = ("confusion.csv", "confusion.png", "confusion.svg")
EVALUATIONS = (
    *("evaluations.csv", "evaluations.md", "evaluations_summary.csv", "ood.csv", "ood.md", "reliability.csv"),
    *("coverage.csv", "ensembles.csv", "ensembles.md", "calibration.png", "calibration.svg", "ensembles.png"),
    "ensembles.svg",
)
OUTPUTS = ("trials.csv", "curves.csv", "config.yaml", "tuning.csv", "steps.csv", *SUMMARIES, *CONFUSIONS, *EVALUATIONS)

Row = dict[str, str]


class Ledger:
    """The files of one sweep folder.

    Args:
        folder: the sweep folder; created if missing.
        write: whether to create and repair files; with False the folder is left untouched.

    Raises:
        ConfigError: the folder is not writable, or holds a CSV that dropout-lab did not write.
    """

    def __init__(self, folder: str | Path, write: bool = True):
        self.folder = Path(folder)
        self.trials_csv = self.folder / "trials.csv"
        self.curves_csv = self.folder / "curves.csv"
        self.private = self.folder / ".dropout-lab"
        self._ids: set[str] = set()  # ids in trials.csv when it had self._size bytes
        self._size = -1
        try:
            self._verify()
            if write:
                self._open()
        except OSError as error:
            raise ConfigError.of("out", str(self.folder), f"cannot be written ({error.strerror})") from None

    def _verify(self) -> None:
        """Check, without writing, that the folder is a sweep folder or free to become one."""
        place = self.folder
        while not place.exists():
            place = place.parent
        if not place.is_dir() or not os.access(place, os.W_OK):
            raise OSError(errno.ENOTDIR if not place.is_dir() else errno.EACCES, "not a folder, or not writable")
        verify_csv(self.trials_csv, COLUMNS, trial_columns(), NUMBERS)
        verify_csv(self.curves_csv, CURVES, CURVE_COLUMNS, CURVES[1:])
        refuse_foreign(self.folder, OUTPUTS)

    def _open(self) -> None:
        make_folder(self.private)
        for folder in (self.private, *(self.folder / name for name in ("weights", "predictions", "checkpoints"))):
            remove_leftovers(folder)
        remove_leftovers(self.folder, OUTPUTS)
        replace_file(self.private / "probe", "")  # raises OSError here, before anything trains
        (self.private / "probe").unlink(missing_ok=True)
        with self._writing:
            for path, header in ((self.trials_csv, trial_columns()), (self.curves_csv, CURVE_COLUMNS)):
                if path.exists():
                    repair_csv(path, header)

    @cached_property
    def _writing(self) -> FileLock:
        return FileLock(self.private / "write.lock")

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Lock the folder against other commands while this one runs.

        Raises:
            ConfigError: another command has locked the folder.
        """
        lock = FileLock(self.private / "run.lock", blocking=False)
        try:
            lock.acquire()
        except Timeout:
            raise ConfigError.of(
                "out", str(self.folder), "another dropout-lab process is training in this folder"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def rows(self) -> dict[str, Row]:
        """Return the stored trials by id."""
        return {row["trial_id"]: row for row in read_rows(self.trials_csv)}

    def append(self, trials: Sequence[Mapping[str, Any]], curves: Iterable[Mapping[str, Any]]) -> None:
        """Append rows and flush them to disk.

        A trial that is already stored keeps its row, unless the new one holds further requested metrics.
        """
        trials, curves = list(trials), list(curves)
        with self._writing:
            size = self.trials_csv.stat().st_size if self.trials_csv.exists() else 0
            if size != self._size:  # not read yet, or another process has appended
                self._ids = set(self.rows())
            new = [row for row in trials if row["trial_id"] not in self._ids]
            ids = {row["trial_id"] for row in new}
            for path, header, rows in (
                (self.curves_csv, CURVE_COLUMNS, [row for row in curves if row["trial_id"] in ids]),
                (self.trials_csv, trial_columns(), new),
            ):
                wide = widen_header(header, rows)
                if len(wide) > len(header) and path.exists():
                    repair_csv(path, wide)
                append_rows(path, wide, rows)
            self._complete([row for row in trials if row["trial_id"] in self._ids])
            self._ids |= ids
            self._size = self.trials_csv.stat().st_size

    def _complete(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Replace stored rows by rows of the same trials that hold further requested metrics."""
        further = {row["trial_id"]: row for row in rows if set(row) & set(requested_columns())}
        if not further:
            return
        repair_csv(self.trials_csv, widen_header(trial_columns(), rows))
        stored = list(read_rows(self.trials_csv))
        _rewrite(self.trials_csv, [{**row, **further.get(row["trial_id"], {})} for row in stored])

    def forget(self, ids: set[str]) -> None:
        """Remove the rows of trials that will be trained again, and all curves without a row."""
        with self._writing:
            self._size = -1
            kept = [row for row in read_rows(self.trials_csv) if row["trial_id"] not in ids]
            if ids:
                _rewrite(self.trials_csv, kept)
            known = {row["trial_id"] for row in kept}
            curves = list(read_rows(self.curves_csv))
            whole = [row for row in curves if row["trial_id"] in known]
            if len(whole) < len(curves):
                _rewrite(self.curves_csv, whole)

    def packs(self) -> list[dict[str, Any]]:
        """Return the stored plan: packs as ``{"most": ..., "trials": [ids]}``, empty if it cannot be read."""
        try:
            packs = json.loads((self.private / "packs.json").read_text())
        except (OSError, ValueError, RecursionError):
            return []  # a lost plan is recomputed
        return packs if _is_plan(packs) else []

    def store_packs(self, packs: Sequence[Mapping[str, Any]], done: set[str]) -> None:
        """Add packs to the stored plan, and drop packs whose trials are all done."""
        with self._writing:
            ids = {i for pack in packs for i in pack["trials"]}
            old = [p for p in self.packs() if not ids & set(p["trials"]) and not done >= set(p["trials"])]
            replace_file(self.private / "packs.json", json.dumps([*old, *packs]))

    def log_error(self, text: str) -> Path:
        """Append a traceback to the error log and return the path of the log."""
        path = self.private / "errors.log"
        with path.open("a") as file:
            file.write(text.rstrip() + "\n\n")
        return path


def _is_plan(packs: Any) -> bool:
    """Return whether the content of ``packs.json`` has its shape, with every trial in one pack."""
    if not isinstance(packs, list) or not all(isinstance(p, dict) and p.keys() >= {"most", "trials"} for p in packs):
        return False
    if not all(isinstance(p["trials"], list) and p["trials"] for p in packs):
        return False
    ids = [i for p in packs for i in p["trials"]]
    return all(isinstance(i, str) for i in ids) and len(set(ids)) == len(ids)


def refuse_foreign(folder: Path, names: Iterable[str]) -> None:
    """Refuse a folder that is no sweep folder and has files of these names, which would be overwritten.

    Raises:
        ConfigError: it has.
    """
    if (folder / ".dropout-lab").exists() or (folder / "trials.csv").exists():
        return
    for name in names:
        if (folder / name).exists():
            raise ConfigError.of("out", str(folder), f"holds a {name} that was not written by dropout-lab")


def csv_text(rows: Iterable[Mapping[str, Any]], header: Sequence[str], with_header: bool) -> str:
    """Return rows as CSV text with these columns; missing values are empty cells."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, header, restval="", lineterminator="\n")
    if with_header:
        writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return buffer.getvalue()


def _cell(value: Any) -> str:
    return "" if value is None or value == "" else format_setting(value)


def append_rows(path: Path, header: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Append rows to a CSV in one write and flush them to disk; a partial write is undone."""
    # Keep additional columns, which a newer version or the user may have added after ours.
    stored_header = read_header(path)
    text = csv_text(rows, stored_header or header, with_header=not stored_header)
    size = path.stat().st_size if path.exists() else 0
    try:
        with path.open("ab") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        if not size:
            flush(path.parent)
    except OSError:  # such as a full disk, which leaves a partial line
        if path.exists():
            os.truncate(path, size)
        raise


def read_header(path: Path) -> list[str]:
    """Return the columns of a CSV; empty if the file is missing or empty."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8-sig") as file:
        return next(csv.reader(file), [])


def read_rows(path: Path) -> Iterable[Row]:
    """Yield the complete lines of a CSV as rows; none if the file is missing."""
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8-sig") as file:  # a spreadsheet may have added a byte order mark
        text = file.read()
    yield from csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1], newline=""))


def _rewrite(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    replace_file(path, csv_text(rows, read_header(path), with_header=True))


def repair_csv(path: Path, header: Sequence[str]) -> None:
    """Remove a partial last line left by a crash, and update the header of a file of an older version."""
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)
    before = read_header(path)
    if before:
        now, rows = update_columns(before, read_rows(path))
        now += [name for name in header if name not in now]
        if now != before:
            replace_file(path, csv_text(rows, now, with_header=True))
