"""Record of a sweep for its report: how to run it again, on what it ran, and what to cite."""

import math
import platform
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import OmegaConf

from dropout_lab import __version__
from dropout_lab.config.compose import CONF, list_choices, read_card
from dropout_lab.report.figures.data import as_number
from dropout_lab.sweeps.typed_values import COMMAND, CONFIG

VERSIONS = ("version", "torch", "python", "host", "device", "precision", "started")
DIGESTS = ("data.digest", "model.digest")
TITLES = {"version": "dropout-lab", "started": "first trial started", "data.digest": "data", "model.digest": "model"}


@dataclass(frozen=True)
class RunRecord:
    """Commands, settings and versions of a sweep.

    Args:
        command: the last command that trained in the folder; empty if it was started from Python.
        settings: settings that the command sets, each with its value.
        facts: versions, devices, digests and dates, each with its value.
        bibtex: entries to cite.
    """

    command: str
    settings: list[tuple[str, str]]
    facts: list[tuple[str, str]]
    bibtex: str


def read_record(folder: Path, trials: pd.DataFrame) -> RunRecord:
    """Return the record of a sweep folder."""
    command = read_command(folder)
    settings = [(key, value) for key, equals, value in _words(command) if equals]
    facts = [(TITLES.get(name, name), text) for name in (*VERSIONS, *DIGESTS) if (text := _values(trials, name))]
    facts.append(("trials", str(len(trials))))
    if "train_seconds" in trials:
        facts.append(("training time, all trials", f"{trials['train_seconds'].sum():.1f} s"))
    written = datetime.fromtimestamp((folder / "trials.csv").stat().st_mtime, UTC)
    facts.append(("last trial written", f"{written:%Y-%m-%d %H:%M} UTC"))
    facts.append(("report", f"dropout-lab {__version__}, Python {platform.python_version()}, {platform.system()}"))
    return RunRecord(command, settings, facts, "\n\n".join(_bibtex(trials)))


def read_command(folder: Path) -> str:
    """Return the last command that trained in a folder; empty if it is unknown."""
    try:
        head = (folder / CONFIG).read_text(encoding="utf-8").partition("\n")[0]
    except OSError:
        return ""
    return head.removeprefix(COMMAND) if head.startswith(COMMAND) else ""


def _words(command: str) -> list[tuple[str, str, str]]:
    """Return the settings of a command, each split at its first ``=``."""
    try:
        return [word.partition("=") for word in shlex.split(command)[2:]]
    except ValueError:  # edited by hand
        return []


def _values(trials: pd.DataFrame, name: str) -> str:
    if name not in trials:
        return ""
    values = sorted({str(value) for value in trials[name].dropna()} - {""})
    return values[0] if name == "started" and values else ", ".join(values)


def _bibtex(trials: pd.DataFrame) -> Iterable[str]:
    yield (
        "@software{dropout_lab,\n  title = {dropout-lab},\n  author = {{The dropout-lab developers}},\n"
        f"  version = {{{__version__}}},\n  note = {{MIT licence}}\n}}"
    )
    for group in ("variant", "regularizer"):
        known = list_choices(group)
        names = (
            {part for value in trials[group].dropna() for part in str(value).split("+")} if group in trials else set()
        )
        for name in sorted(names & set(known) - {"none"}):
            source = read_card(group, name)[1].get("source", "")
            year = re.search(r"\b(?:19|20)\d\d\b", source)
            if year:
                author = source[: year.start()].strip(" ,")
                plain = source.replace("{", "").replace("}", "")
                entry = f"@misc{{{group}_{name},\n  author = {{{author}}},\n  year = {{{year[0]}}},\n"
                yield f"{entry}  howpublished = {{{plain}}},\n  note = {{source of the {group} {name}}}\n}}"


@dataclass(frozen=True)
class TunedArm:
    """Settings that were tried for a tuned arm.

    Args:
        arm: label of the arm.
        picked: the chosen settings.
        tried: settings, validation score, validation loss and number of trials of each attempt, the best first.
        warnings: settings that were chosen at the edge of their range.
    """

    arm: str
    picked: str
    tried: list[tuple[str, str, str, str]]
    warnings: list[str]


EDGE = 0.05  # a value within this fraction of the range from one of its ends is at the edge
MOST_TRIED = 20


def read_tuning(folder: Path) -> list[TunedArm]:
    """Return the settings that a tuned sweep tried, from ``tuning.csv``; empty if there is no such file."""
    path = folder / "tuning.csv"
    if not path.exists():
        return []
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    command = read_command(folder)
    records = []
    for arm, rows in table.groupby("arm", sort=False):
        picked = rows.loc[rows["picked"] == "True", "settings"].tolist()
        ordered = rows.assign(rank=pd.to_numeric(rows["val_loss"], errors="coerce")).sort_values("rank")
        tried = [
            (str(row["settings"]), _short(row["val_score"]), _short(row["val_loss"]), str(row["n"]))
            for row in ordered.head(MOST_TRIED).to_dict("records")
            if row["settings"]
        ]
        values = [word.partition("=") for word in (picked[0].split() if picked else [])]
        ranges = _ranges(command, str(arm))
        warnings = [text for key, _, value in values if (text := _edge(key, value, ranges))]
        records.append(TunedArm(str(arm), picked[0] if picked else "", tried, warnings))
    return records


def _short(value: object) -> str:
    number = as_number(str(value))
    return "" if number is None else f"{number:.4g}"


def _ranges(command: str, arm: str) -> dict[str, tuple[float, float, bool]]:
    """Return the range of each setting that is tuned in an arm: low, high, and whether it is logarithmic.

    Ranges in the command come before those of the variant and the regularizers that the arm or the command names.
    """
    words = _words(command)
    named = {name for text in (arm, *(value for _, _, value in words)) for name in re.split(r"[^\w]+", text)}
    ranges: dict[str, tuple[float, float, bool]] = {}
    for group in ("variant", "regularizer"):
        cards = [name for name in list_choices(group) if name in re.split(r"[^\w]+", arm)]
        for name in cards or [name for name in list_choices(group) if name in {*named, "inverted"}]:
            card: Any = OmegaConf.load(CONF / group / f"{name}.yaml")
            for key, ends in (card.get("tune") or {}).items():
                ranges[str(key)] = (float(ends["low"]), float(ends["high"]), bool(ends.get("log", False)))
    for key, _, value in words:
        ends = re.search(r"interval\(([^,)]+),([^)]+)\)", value)
        if ends and None not in (low := as_number(ends[1]), high := as_number(ends[2])):
            ranges[key] = (float(low or 0), float(high or 0), "log" in value)
    return ranges


def _edge(key: str, value: str, ranges: dict[str, tuple[float, float, bool]]) -> str:
    """Return a warning if a chosen value is at an end of its range."""
    number = as_number(value)
    bounds = ranges.get(key) or ranges.get(f"regularizer.{key}")
    if number is None or bounds is None:
        return ""
    low, high, log = bounds
    if log and min(low, number) > 0:
        low, high, number = math.log(low), math.log(high), math.log(number)
    place = (number - low) / (high - low)
    if EDGE <= place <= 1 - EDGE:
        return ""
    end = "lower" if place < EDGE else "upper"
    return f"{key}={value} is at the {end} end of its range, {bounds[0]:g} to {bounds[1]:g}; a wider one may be better."
