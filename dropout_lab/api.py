"""Python interface of sweeps and evaluations; progress is logged at level INFO to the logger ``dropout_lab``."""

import logging
from collections.abc import Mapping
from typing import Any, get_origin

import numpy as np
import pandas as pd

from dropout_lab.config import current_key, current_words, list_settings
from dropout_lab.config.compose import format_value, open_composer
from dropout_lab.config.plugins import enable_plugins
from dropout_lab.errors import ConfigError
from dropout_lab.evaluation.command import evaluate_folder
from dropout_lab.evaluation.request import evaluate_requested
from dropout_lab.presentation.evaluation import select_rows, write_evaluations
from dropout_lab.presentation.result import SweepResult
from dropout_lab.presentation.sweep import summarize_outcome, write_summary
from dropout_lab.process_settings import preserve_process
from dropout_lab.sweeps.grid import expand_grid, make_arms
from dropout_lab.sweeps.time_limit import command_clock
from dropout_lab.tuning.search import run_or_tune

_log = logging.getLogger("dropout_lab")


@preserve_process()
def sweep(**settings: Any) -> SweepResult:
    """Run a sweep and return its result.

    The sweep is the same as that of the command ``dropout-lab sweep`` with these settings, and writes the same files.
    Trials that are already in the ledger of the sweep folder ``out`` are not trained again.

    Args:
        **settings: Settings of the command line. Pass a setting with a dot in its name as a nested mapping,
            ``train={"lr": 0.01}``, or as ``**{"train.lr": 0.01}``. A list of values is an axis of the sweep:
            ``rate=[0, 0.3, 0.5]``. If a single value is itself a list, pass an axis as a list of lists:
            ``model={"hidden": [[64], [64, 64]]}`` is an axis of two networks, and ``rate=[[0.2, 0.5]]`` is a single
            value with one rate per hidden site. ``seeds=[0, 1, 2]`` is a list of seeds.

    Returns:
        The result, with the trials of this sweep in the order of the arms.

    Raises:
        ConfigError: A setting or a combination of settings is invalid. It is raised before any training starts.
        TimeOver: The time limit ``max_minutes`` was reached. Finished trials are stored.
    """
    enable_plugins()
    words = current_words(_word(key, value) for key, value in _flat(settings).items())
    with command_clock():
        with open_composer() as points:
            chosen = make_arms(expand_grid(words), points)
        outcome = run_or_tune(chosen, say=_log.info, evaluate=evaluate_requested)
    write_summary(outcome)
    return SweepResult(chosen[0].config.out, summarize_outcome(outcome))


@preserve_process()
def evaluate(**settings: Any) -> pd.DataFrame:
    """Evaluate the networks of a finished sweep and return their scores.

    The evaluation is the same as that of the command ``dropout-lab evaluate`` with these settings, and writes the same
    files. It needs the saved weights of the sweep and trains nothing.

    Args:
        **settings: Settings of the command line, in the same form as for :func:`sweep`: for example
            ``out="results/sweep", infer="monte_carlo"``. Pass options of ``infer`` as
            ``**{"infer.passes": [10, 100]}``; a list of values is an axis.

    Returns:
        One row per trial and inference method, with the columns of ``evaluations.csv`` and the settings of the trial.
        The scores of averages over several networks (``infer="ensemble"``) are not returned; they are written to
        ``ensembles.csv`` in the sweep folder.

    Raises:
        ConfigError: A setting is invalid, or the folder does not contain the weights of a finished sweep. It is raised
            before any evaluation starts.
    """
    enable_plugins()
    words = current_words(_word(key, value) for key, value in _flat(settings).items())
    with open_composer() as points:
        folder, made = evaluate_folder(words, points, _log.info)
    write_evaluations(folder, made)
    return select_rows(folder, made)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        below = _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
        for name in below.keys() & flat.keys():
            raise ConfigError(f"{name} is given twice")
        flat.update(below)
    return flat


def _word(key: str, value: Any) -> str:
    if "/" in key or key.startswith("hydra"):
        raise ConfigError(f"{key}: launchers and sweepers can only be set on the command line")
    if isinstance(value, np.ndarray | np.generic | pd.Series):
        value = value.tolist()
    if isinstance(value, range | set | tuple):
        value = list(value)
    lists = {e.key for e in list_settings() if get_origin(e.type) is list} | {"seeds"}
    nested = isinstance(value, list) and any(isinstance(v, list | tuple) for v in value)
    axis = isinstance(value, list) and (nested or current_key(key) not in lists)
    return f"{key}={','.join(format_value(v) for v in value)}" if axis else f"{key}={format_value(value)}"
