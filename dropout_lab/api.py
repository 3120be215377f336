"""The sweep as a Python function; what the command prints goes to the logger ``dropout_lab``."""

import logging
from collections.abc import Mapping
from typing import Any, get_origin

import numpy as np
import pandas as pd

from dropout_lab.config import current_key, current_words, list_settings
from dropout_lab.config.compose import format_value, open_composer
from dropout_lab.errors import ConfigError
from dropout_lab.process_settings import preserve_process
from dropout_lab.sweeps.grid import expand_grid, make_arms

_log = logging.getLogger("dropout_lab")


@preserve_process()
def sweep(**settings: Any) -> pd.DataFrame:
    """Run a sweep as ``dropout-lab sweep`` does, on the same ledger, and return its trials.

    Args:
        settings: as on the command line; dotted ones as nested mappings or through ``**{"train.lr": 0.01}``. A list
            is an axis: ``rate=[0, .3, .5]``. Where one value is itself a list, an axis is a list of lists:
            ``model={"hidden": [[64], [64, 64]]}``, ``rate=[[.2, .5]]``; ``seeds=[0, 1, 2]`` is a list of seeds.

    Returns:
        one row a trial of this sweep, columns as in ``trials.csv``, in the order of the arms.

    Raises:
        ConfigError: refused before anything was trained.
    """
    from dropout_lab.config.plugins import enable_plugins
    from dropout_lab.outputs.sweep import write_summary
    from dropout_lab.report import read_csv as stored
    from dropout_lab.tuning.search import run_or_tune

    enable_plugins()
    words = current_words(_word(key, value) for key, value in _flat(settings).items())
    with open_composer() as points:
        chosen = make_arms(expand_grid(words), points)
    outcome = run_or_tune(chosen, say=_log.info)
    write_summary(outcome)
    frame = stored.read_trials(chosen[0].config.out)
    order = list(dict.fromkeys(trial.id for arm in outcome.arms for trial in arm.trials))
    return frame.set_index("trial_id", drop=False).loc[order].reset_index(drop=True)


@preserve_process()
def evaluate(**settings: Any) -> pd.DataFrame:
    """Evaluate a finished sweep as ``dropout-lab evaluate`` does, and return what was found.

    Args:
        settings: as on the command line, in the way of :func:`sweep`: ``out="results/sweep", infer="monte_carlo"``;
            options of ``infer`` through ``**{"infer.passes": [10, 100]}``.

    Returns:
        one row a trial and way of inference, columns as in ``evaluations.csv``; averages over networks are in
        ``ensembles.csv``.

    Raises:
        ConfigError: refused before anything was evaluated.
    """
    from dropout_lab.config.plugins import enable_plugins
    from dropout_lab.evaluation.command import evaluate_folder
    from dropout_lab.outputs.evaluation import select_rows, write_evaluations

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
        raise ConfigError(f"{key}: launchers and sweepers are for the command line")
    if isinstance(value, np.ndarray | np.generic | pd.Series):
        value = value.tolist()
    if isinstance(value, range | set | tuple):
        value = list(value)
    lists = {e.key for e in list_settings() if get_origin(e.type) is list} | {"seeds"}
    nested = isinstance(value, list) and any(isinstance(v, list | tuple) for v in value)
    axis = isinstance(value, list) and (nested or current_key(key) not in lists)
    return f"{key}={','.join(format_value(v) for v in value)}" if axis else f"{key}={format_value(value)}"
