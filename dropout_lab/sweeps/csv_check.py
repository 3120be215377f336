"""Check of a CSV file of a sweep folder, which may have been edited: one line names file, line and column."""

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from dropout_lab.errors import ConfigError
from dropout_lab.settings.former_names import FORMER_COLUMNS

MEND = "correct or delete the line"
STATUSES = ("ok", "diverged", "failed")


def verify_csv(path: Path, needed: Sequence[str], header: Sequence[str], numbers: Collection[str] = ()) -> None:
    """Check that a file, if it exists, is one of this program and complete except for a partial last line.

    Args:
        path: the file.
        needed: columns that it must have.
        header: the columns that this program writes, with which a file of one partial line must begin.
        numbers: columns whose cells are numbers or empty.

    Raises:
        ConfigError: another program wrote the file, or it is damaged.
        OSError: the file cannot be read and written.
    """
    if not path.exists():
        return
    with path.open("r+b") as file:
        content = file.read()
    if b"\n" not in content:
        head, whole = content.rstrip(b"\r"), ",".join(header).encode()
        if not (whole.startswith(head) or head.startswith(whole + b",")):  # columns of requested metrics may follow
            raise _foreign(path)
        return
    text = _decoded(path, content[: content.rfind(b"\n") + 1])
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        names = [FORMER_COLUMNS.get(name, name) for name in next(reader, [])]
        if not set(needed) <= set(names):
            if len(names) == 1 and set(needed) <= set(names[0].split(";")):
                raise ConfigError(f"{path}: its cells are separated by semicolons; save the file with commas")
            raise _foreign(path)
        line = reader.line_num + 1
        for row in reader:
            if row:
                _verify_row(path, line, names, row, numbers)
            line = reader.line_num + 1
    except csv.Error as error:
        raise ConfigError(f"{path}: line {reader.line_num}: cannot be read as CSV ({error}); {MEND}") from None


def _foreign(path: Path) -> ConfigError:
    return ConfigError(f"{path}: was not written by dropout-lab; choose another out=")


def _decoded(path: Path, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}: line {line}: cannot be read as CSV (not UTF-8); {MEND}") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise ConfigError(f"{path}: line {line}: cannot be read as CSV (contains NUL bytes); {MEND}")
    return text


def _verify_row(path: Path, line: int, header: Sequence[str], row: Sequence[str], numbers: Collection[str]) -> None:
    if len(row) != len(header):
        raise ConfigError(f"{path}: line {line} does not have {len(header)} cells; {MEND}")
    wrong = _wrong_cell(dict(zip(header, row, strict=True)), numbers)
    if wrong:
        name, cell, allowed = wrong
        shown = cell if len(cell) < 40 else f"{cell[:40]}..."
        raise ConfigError(f"{path}: line {line}, column {name}: {shown!r} is not {allowed}; {MEND}")


def _wrong_cell(row: Mapping[str, str], numbers: Collection[str]) -> tuple[str, str, str] | None:
    """Return the column, the cell and what is allowed for the first invalid cell; None if all are valid."""
    if row.get("trial_id") == "":
        return "trial_id", "", "the id of a trial"
    if "status" in row and row["status"] not in STATUSES:
        return "status", row["status"], f"one of {', '.join(STATUSES)}"
    if "seed" in row and "status" in row and not (row["seed"].isascii() and row["seed"].isdigit()):
        return "seed", row["seed"], "a whole number"
    for name in numbers:
        cell = row.get(name, "")
        if cell and not _is_number(cell):
            return name, cell, "a number"
    return None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell.isascii() and "_" not in cell
