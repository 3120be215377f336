"""The sweep folder: trials and curves as CSV, appended so that a crash at any moment loses no finished trial.

A trial's curve is written before its row, each with one ``write`` and an ``fsync``; whatever a crash leaves behind
it, half a line or a curve without its row, is cut off when the next run opens the folder.
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

from dropout_lab.config import list_settings, update_columns
from dropout_lab.errors import ConfigError, format_setting

# The contract: these columns in this order. What follows them may grow.
COLUMNS = (
    "trial_id,status,data,model,variant,schedule,regularizer,rate,input_rate,l1,l2,max_norm,early_stopping,seed,"
    "train_accuracy,val_accuracy,test_accuracy,gap,train_loss,val_loss,test_loss,train_seconds,seconds_per_epoch,"
    "epochs_run,best_epoch,parameters,active_parameters,drop_fraction,pack_size,device,precision,n_train,version"
).split(",")
OTHER_SCORES = ("rmse", "perplexity", "bits_per_character")
OTHER_TASKS = [f"{part}_{score}" for score in OTHER_SCORES for part in ("train", "val", "test")]
TEST_SET = ["n_test", "majority_accuracy"]
ACTIVITY = ["mean_activation", "zero_activations"]
# Every version has written these; what follows them may be missing from older files.
CURVES = ["trial_id", "epoch", "rate", "train_loss", "val_loss", "val_accuracy", "val_rmse", "val_perplexity"]
CURVE_COLUMNS = [*CURVES, "lr"]
FINAL = ("ok", "diverged")
# What a sweep writes for people; in a folder that is not ours these names may be somebody else's.
SUMMARIES = ("summary.csv", "comparisons.csv", "summary.md", "summary.tex", "summary.png", "summary.svg")
OURS = ("curves.csv", "config.yaml", "tuning.csv", "evaluations.csv", *SUMMARIES)

Row = dict[str, str]


def trial_columns() -> list[str]:
    """The header of ``trials.csv``: the contract, other figures, and every other setting by its key."""
    settings = [entry.column for entry in list_settings() if entry.spec.identity]
    return list(dict.fromkeys([*COLUMNS, *OTHER_TASKS, *ACTIVITY, *TEST_SET, *settings]))


class Ledger:
    """The files of one sweep folder.

    Args:
        folder: made if it is not there.
        write: False to look only, and leave no trace.

    Raises:
        ConfigError: the folder cannot be written, or holds a CSV of somebody else's.
    """

    def __init__(self, folder: str | Path, write: bool = True):
        self.folder = Path(folder)
        self.trials_csv = self.folder / "trials.csv"
        self.curves_csv = self.folder / "curves.csv"
        self.private = self.folder / ".dropout-lab"
        self._ids: set[str] = set()  # of the rows in the file when it had this size
        self._size = -1
        try:
            self._verify()
            if write:
                self._open()
        except OSError as error:
            raise ConfigError.of("out", str(self.folder), f"cannot be written ({error.strerror})") from None

    def _verify(self) -> None:
        """Make sure that the folder is ours or free, without touching it."""
        place = self.folder
        while not place.exists():
            place = place.parent
        if not place.is_dir() or not os.access(place, os.W_OK):
            raise OSError(errno.ENOTDIR if not place.is_dir() else errno.EACCES, "not a folder, or not ours to write")
        _verify(self.trials_csv, COLUMNS)
        _verify(self.curves_csv, CURVES)
        if not self.private.exists() and not self.trials_csv.exists():
            for name in OURS:
                if (self.folder / name).exists():
                    raise ConfigError.of("out", str(self.folder), f"holds a {name} that is not dropout-lab's")

    def _open(self) -> None:
        self.private.mkdir(parents=True, exist_ok=True)
        probe = self.private / f"probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
        with self._writing:
            for path, header in ((self.trials_csv, trial_columns()), (self.curves_csv, CURVE_COLUMNS)):
                if path.exists():
                    repair_csv(path, header)

    @cached_property
    def _writing(self) -> FileLock:
        return FileLock(self.private / "write.lock")

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Keep other commands out of the folder while this one runs.

        Raises:
            ConfigError: another command is at work there.
        """
        lock = FileLock(self.private / "run.lock", blocking=False)
        try:
            lock.acquire()
        except Timeout:
            raise ConfigError.of("out", str(self.folder), "another dropout-lab is training there") from None
        try:
            yield
        finally:
            lock.release()

    def rows(self) -> dict[str, Row]:
        """The stored trials by id."""
        return {row["trial_id"]: row for row in read_rows(self.trials_csv)}

    def append(self, trials: Sequence[Mapping[str, Any]], curves: Iterable[Mapping[str, Any]]) -> None:
        """Add rows, safe on disk when this returns; trials that are there already keep their rows."""
        with self._writing:
            size = self.trials_csv.stat().st_size if self.trials_csv.exists() else 0
            if size != self._size:  # written by somebody else since, or not read yet
                self._ids = set(self.rows())
            new = [row for row in trials if row["trial_id"] not in self._ids]
            ids = {row["trial_id"] for row in new}
            append_rows(self.curves_csv, CURVE_COLUMNS, [row for row in curves if row["trial_id"] in ids])
            append_rows(self.trials_csv, trial_columns(), new)
            self._ids |= ids
            self._size = self.trials_csv.stat().st_size

    def forget(self, ids: set[str]) -> None:
        """Take out the rows of trials that are to be tried again, and every curve without a row."""
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
        """The stored plan: packs as ``{"most": ..., "trials": [ids]}``."""
        try:
            packs = json.loads((self.private / "packs.json").read_text())
            whole = all(isinstance(p["trials"], list) and p["trials"] and "most" in p for p in packs)
        except (OSError, ValueError, TypeError, KeyError):
            return []  # a lost plan is made anew
        return packs if whole else []

    def store_packs(self, packs: Sequence[Mapping[str, Any]], done: set[str]) -> None:
        """Add packs to the plan, and drop those of which every trial is done."""
        with self._writing:
            ids = {i for pack in packs for i in pack["trials"]}
            old = [p for p in self.packs() if not ids & set(p["trials"]) and not done >= set(p["trials"])]
            replace_file(self.private / "packs.json", json.dumps([*old, *packs]))

    def log_error(self, text: str) -> Path:
        """Keep a traceback; returns where."""
        path = self.private / "errors.log"
        with path.open("a") as file:
            file.write(text.rstrip() + "\n\n")
        return path


def csv_text(rows: Iterable[Mapping[str, Any]], header: Sequence[str], with_header: bool) -> str:
    """Rows as CSV under these columns; what a row does not have is empty."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, header, restval="", lineterminator="\n")
    if with_header:
        writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return buffer.getvalue()


def _cell(value: Any) -> str:
    return "" if value is None or value == "" else format_setting(value)


def append_rows(path: Path, header: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Add rows to a CSV in one write, safe on disk when this returns; half of it is taken back."""
    # A file may have columns of a newer version or of the user's own after ours; it keeps them.
    found = read_header(path)
    text = csv_text(rows, found or header, with_header=not found)
    size = path.stat().st_size if path.exists() else 0
    try:
        with path.open("ab") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError:  # a full disk; what got through is half a line
        if path.exists():
            os.truncate(path, size)
        raise


def read_header(path: Path) -> list[str]:
    """The columns a file has; empty if there is no file or nothing in it."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return next(csv.reader(file), [])


def read_rows(path: Path) -> Iterable[Row]:
    """The whole lines of a CSV; none if it is not there."""
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    yield from csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1], newline=""))


def _rewrite(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    replace_file(path, csv_text(rows, read_header(path), with_header=True))


def replace_file(path: Path, text: str) -> None:
    """Replace a file by another one or not at all."""
    new = path.with_name(path.name + f".{os.getpid()}.new")
    with new.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _verify(path: Path, needed: Sequence[str]) -> None:
    """Make sure that a file, if there is one, is ours and whole, but for a last line that a crash may have torn.

    Raises:
        ConfigError: it is not.
        OSError: it cannot be read and written.
    """
    if not path.exists():
        return
    with path.open("r+b") as file:
        content = file.read()
    head = content.split(b"\n", 1)[0].rstrip(b"\r")
    if b"\n" not in content:
        torn = ",".join(trial_columns() if path.name == "trials.csv" else CURVE_COLUMNS).encode().startswith(head)
        if not torn:
            raise ConfigError(f"{path}: is not a file of dropout-lab's; choose another out=")
        return
    try:
        rows, found = list(read_rows(path)), read_header(path)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path}: cannot be read as CSV ({error}); choose another out=") from None
    if not set(needed) <= set(found):
        raise ConfigError(f"{path}: is not a file of dropout-lab's; choose another out=")
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise ConfigError(f"{path}: line {number} does not have {len(found)} cells; mend or remove it")


def repair_csv(path: Path, header: Sequence[str]) -> None:
    """Cut off half a line left by a crash, and bring a file of an older version under today's header."""
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
