"""Catalog of the studies, with their estimated cost on this machine."""

import csv
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from dropout_lab.errors import ConfigError, did_you_mean
from dropout_lab.report.formats import format_duration
from dropout_lab.studies.loader import load_study
from dropout_lab.studies.study import SCALES, Study

_HERE = Path(__file__).resolve().parent
# conf/ is inside the package in a wheel, and next to the package in a checkout.
FOLDER = next((p for p in (_HERE.parent / "conf/study", _HERE.parents[1] / "conf/study") if p.is_dir()), _HERE)
COSTS = _HERE / "costs.csv"
COST_COLUMNS = ("study", "scale", "trials", "seconds", "gauge")


class StudyCost(NamedTuple):
    """Cost of a study at one scale.

    Args:
        trials: number of trials, including tuning trials.
        seconds: estimated time on the machine of the estimate, in seconds.
        gauge: seconds that :func:`calibrate_machine` measured on that machine.
    """

    trials: int
    seconds: float
    gauge: float


def study_names() -> list[str]:
    """Return the names of all studies in ``conf/study``, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def find_study(name: str) -> Study:
    """Load a study by its name, or by the path of a file that ends in ``.yaml``.

    Raises:
        ConfigError: there is no such study, or its file is invalid.
    """
    if name.endswith(".yaml"):
        return load_study(Path(name))
    if name not in study_names():
        raise ConfigError(
            f"no study {name!r}; " + did_you_mean(name, study_names(), "`dropout-lab reproduce` lists them", most=3)
        )
    return load_study(FOLDER / f"{name}.yaml")


def load_costs() -> Mapping[tuple[str, str], StudyCost]:
    """Return the stored estimates by study and scale."""
    if not COSTS.exists():
        return {}
    with COSTS.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        (row["study"], row["scale"]): StudyCost(int(row["trials"]), float(row["seconds"]), float(row["gauge"]))
        for row in rows
    }


def check_checkout(option: str, remedy: str) -> None:
    """Check that files of the project can be written, which requires a checkout.

    Args:
        option: option that writes them, such as ``reproduce --costs: stores the estimates``.
        remedy: alternative without a checkout.

    Raises:
        ConfigError: the package is installed and not a checkout.
    """
    if FOLDER.is_relative_to(_HERE.parent):  # only a wheel has conf/ inside the package
        raise ConfigError(
            f"{option} and requires a checkout of the project, but this is an installed copy ({_HERE.parent}); {remedy}"
        )


def check_costs_writable() -> None:
    """Check that estimates can be stored, which requires a checkout of the project.

    Raises:
        ConfigError: the package is installed and not a checkout.
    """
    remedy = "use --dry-run, which prints them, or scripts/dropout-lab of a checkout"
    check_checkout("reproduce --costs: stores the estimates", remedy)


def store_costs(costs: Mapping[tuple[str, str], StudyCost]) -> None:
    """Replace the stored estimates of these studies, and drop those of studies that no longer exist.

    Raises:
        ConfigError: the package is installed and not a checkout.
    """
    check_costs_writable()
    kept = {key: cost for key, cost in load_costs().items() if key[0] in study_names()} | dict(costs)
    order = sorted(kept, key=lambda key: (key[0], SCALES.index(key[1])))
    with COSTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COST_COLUMNS)
        writer.writerows(
            [*key, kept[key].trials, f"{kept[key].seconds:.3g}", f"{kept[key].gauge:.3g}"] for key in order
        )


@cache
def calibrate_machine() -> float:
    """Measure the CPU seconds of a fixed computation on one core.

    The ratio of two such measurements scales cost estimates from one machine to another. CPU time is used so that other
    processes do not affect the measurement.
    """
    a = np.ones((512, 512), dtype=np.float32)
    b = np.ones((64, 64), dtype=np.float32)

    def once() -> float:
        started = time.process_time()
        for _ in range(4):
            a @ a
        for _ in range(400):
            b @ b
        return time.process_time() - started

    with threadpool_limits(1):
        once()
        return min(once() for _ in range(9))


def list_studies() -> tuple[list[str], list[list[str]]]:
    """Return a table of all studies with trials and estimated time at each scale, as titles and rows of text."""
    known, rows = load_costs(), []
    for name in study_names():
        cells = []
        for scale in SCALES:
            cost = known.get((name, scale))
            seconds = cost.seconds * calibrate_machine() / cost.gauge if cost else 0.0
            cells.append(f"{cost.trials}, {format_duration(seconds)}" if cost else "-")
        rows.append([name, *cells])
    return ["study", *SCALES], rows


def total_seconds(scale: str) -> float:
    """Return the estimated seconds of all studies at a scale on this machine."""
    return sum(
        cost.seconds * calibrate_machine() / cost.gauge for (_, each), cost in load_costs().items() if each == scale
    )


def select_studies(words: Sequence[str]) -> list[Study]:
    """Load the requested studies without duplicates; ``all`` stands for every study.

    Raises:
        ConfigError: there is no such study, or its file is invalid.
    """
    asked = [name for word in words for name in (study_names() if word == "all" else [word])]
    return [find_study(name) for name in dict.fromkeys(asked)]
