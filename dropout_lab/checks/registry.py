"""All checks of the machine, in the order in which they run."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from dropout_lab.checks.devices import check_devices
from dropout_lab.checks.digits_accuracy import check_digits_accuracy
from dropout_lab.checks.drop_fractions import check_drop_fractions
from dropout_lab.checks.figure import Figure, SkippedCheck
from dropout_lab.checks.folder import check_folder
from dropout_lab.checks.kernels import check_kernels
from dropout_lab.checks.plain_loop import check_plain_loop
from dropout_lab.checks.resume import check_resume
from dropout_lab.checks.stacked_models import check_stacked_models

# Measures the figures of a check; the folder is an empty one that the check may write into.
Measure = Callable[[Path], Sequence[Figure]]
CHECKS: dict[str, Measure] = {
    "folder": check_folder,
    "drop fractions": check_drop_fractions,
    "kernels": check_kernels,
    "stacked models": check_stacked_models,
    "plain loop": check_plain_loop,
    "digits accuracy": check_digits_accuracy,
    "devices": check_devices,
    "resume": check_resume,
}
OK, FAILED, SKIPPED = "ok", "failed", "skipped"


@dataclass(frozen=True)
class CheckResult:
    """Result of one check.

    Args:
        name: name of the check.
        state: ``ok``, ``failed`` or ``skipped``.
        reason: why the check was skipped, or the error that ended it; empty if it measured its figures.
        figures: the measured figures.
        seconds: duration of the check.
    """

    name: str
    state: str
    reason: str
    figures: tuple[Figure, ...]
    seconds: float


def run_check(name: str, folder: Path) -> CheckResult:
    """Run one check. Any error of the check is a failure of the machine, not of the command.

    Args:
        name: key of :data:`CHECKS`.
        folder: an existing folder, in which the check gets an empty folder for its files.
    """
    started = time.monotonic()
    figures: tuple[Figure, ...] = ()
    state, reason = FAILED, ""
    try:
        place = folder / name.replace(" ", "-")
        place.mkdir()
        figures = tuple(CHECKS[name](place))
        state = OK if figures and all(figure.allowed for figure in figures) else FAILED
    except SkippedCheck as skipped:
        state, reason = SKIPPED, str(skipped)
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
    return CheckResult(name, state, reason, figures, time.monotonic() - started)


def run_checks(folder: Path) -> Iterator[CheckResult]:
    """Run all checks and yield the result of each when it is complete.

    Args:
        folder: folder in which the checks write into a temporary folder; if it does not exist, the nearest parent that
            exists. If nothing can be written there, the check ``folder`` fails, and the others use the system's
            temporary folder.
    """
    place, failure = folder.absolute(), ""
    while not place.exists():
        place = place.parent
    with ExitStack() as stack:
        try:
            made = stack.enter_context(_temporary(place))
        except OSError as error:
            failure = f"{place}: cannot be written ({error.strerror})"
            made = stack.enter_context(_temporary(None))
        for name in CHECKS:
            if name == "folder" and failure:
                yield CheckResult(name, FAILED, failure, (), 0.0)
            else:
                yield run_check(name, Path(made))


def _temporary(folder: Path | None) -> "TemporaryDirectory[str]":
    return TemporaryDirectory(prefix=".dropout-lab-check-", dir=folder, ignore_cleanup_errors=True)
