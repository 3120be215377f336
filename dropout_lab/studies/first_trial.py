"""Date of the oldest trial of a sweep folder, with which the registration of claims is compared.

The ledger has no dates. A run of a study therefore stores the time at which it starts, before it trains anything.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

FILE = "first_trial.txt"
AFTER, BEFORE = "after", "before"


class FirstTrial(NamedTuple):
    """Bound on the time at which the oldest trial was trained.

    Args:
        side: ``after`` if every trial was trained after the time, ``before`` if the oldest one was trained before it.
        time: the time, with its time zone.
    """

    side: str
    time: datetime


def current_time() -> datetime:
    """Return the time now in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def read_first_trial(folder: Path) -> FirstTrial | None:
    """Return what is known about the oldest trial of a sweep folder; None if nothing is."""
    try:
        side, _, time = (folder / FILE).read_text(encoding="utf-8").strip().partition(" ")
        when = datetime.fromisoformat(time)
    except (OSError, ValueError):
        return None
    return FirstTrial(side, when) if side in (AFTER, BEFORE) and when.tzinfo else None


def record_first_trial(folder: Path) -> None:
    """Store the current time in a sweep folder unless a time is stored there.

    If the folder has trials already, the time is a bound from the other side: the oldest of them is older than that.
    """
    if (folder / FILE).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    side = BEFORE if (folder / "trials.csv").exists() else AFTER
    (folder / FILE).write_text(f"{side} {current_time().isoformat()}\n", encoding="utf-8")
