"""Benchmark of a training step with each variant, relative to inverted dropout on the same model."""

import csv
import io
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from dropout_lab.config.compose import ConfigComposer, list_choices, open_composer
from dropout_lab.config.plugins import enable_plugins
from dropout_lab.data import load
from dropout_lab.errors import ConfigError
from dropout_lab.files import replace_file
from dropout_lab.process_settings import use_threads
from dropout_lab.sweeps.interleaved import Ratio, describe_machine, ratios
from dropout_lab.sweeps.preflight import check_trials
from dropout_lab.train.pack import Pack
from dropout_lab.trial import Trial, canonical

REFERENCE = "inverted"
RATE = 0.3
# Large enough that the time is not dominated by the overhead of small operations.
SHAPES = {
    "mlp": ["model.hidden=[512,512]"],
    "cnn": ["model.channels=[32,64]", "model.head=[128]"],
    "lstm": ["model.units=128", "model.layers=2"],
    "gru": ["model.units=128", "model.layers=2"],
    "rnn": ["model.units=128", "model.layers=2"],
    "resmlp": ["model.width=256", "model.blocks=4"],
    "rescnn": ["model.maps=32", "model.blocks=4"],
    "transformer": ["model.width=64", "model.blocks=2"],
}
COLUMNS = ["variant", "model", "ratio", "low", "high", "rounds"]

_HERE = Path(__file__).resolve().parent
# A wheel has the measured file inside the package; a checkout has it in the folder of results.
MEASURED = next(
    (path for path in (_HERE / "variants.csv", _HERE.parents[1] / "results/bench/variants.csv") if path.exists()), None
)


def measure(points: ConfigComposer, rounds: int = 15, repeats: int = 7, say: Callable[[str], None] = print) -> str:
    """Time a step of every variant on every compatible model, on one thread.

    Args:
        points: composes configs.
        rounds, repeats: as for :func:`ratios`.
        say: prints progress.

    Returns:
        the text of ``variants.csv``: median and quartiles of the ratio to inverted dropout, after a line that describes
        the machine.
    """
    with use_threads(1):
        lines = [row for model in SHAPES for row in _rows(model, points, rounds, repeats, say)]
        text = io.StringIO()
        text.write(f"# step of one model, digits, batch 64, Adam, rate {RATE}; {describe_machine()}\n")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(lines)
        return text.getvalue()


def _rows(
    model: str, points: ConfigComposer, rounds: int, repeats: int, say: Callable[[str], None]
) -> list[list[str | int]]:
    works = {}
    for variant in list_choices("variant"):
        words = [f"variant={variant}", f"model={model}", f"rate={RATE}", *SHAPES[model]]
        trial = Trial(canonical(points.config(words)), 0)
        try:
            check_trials([trial])
        except ConfigError:
            continue
        works[variant] = _step(trial)
    say(f"{model}: {len(works)} variants")
    measured = ratios(works, REFERENCE, rounds, repeats)
    return [
        [variant, model, *(f"{value:.3f}" for value in (ratio.median, ratio.low, ratio.high)), ratio.rounds]
        for variant, ratio in measured.items()
    ]


def _step(trial: Trial) -> Callable[[], object]:
    pack = Pack([trial], load(trial.config.data.kind, **trial.config.source))
    rows = pack.feed.epoch(trial.config.train.batch_size)[0]
    return partial(pack.step, rows)


def write(say: Callable[[str], None]) -> Path:
    """Measure and write the results to ``results/bench/variants.csv`` in the working directory."""
    enable_plugins()
    target = Path("results/bench/variants.csv")
    target.parent.mkdir(parents=True, exist_ok=True)
    with open_composer() as points:
        replace_file(target, measure(points, say=say))
    return target


def read(path: Path) -> dict[str, dict[str, Ratio]]:
    """Read a measured file: variant -> model -> ratio."""
    lines: Sequence[str] = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    ratios_by_variant: dict[str, dict[str, Ratio]] = {}
    for row in csv.DictReader(lines):
        ratio = Ratio(float(row["ratio"]), float(row["low"]), float(row["high"]), int(row["rounds"]))
        ratios_by_variant.setdefault(row["variant"], {})[row["model"]] = ratio
    return ratios_by_variant
