"""The sweep as a Python function."""

from collections.abc import Mapping
from typing import Any, get_origin

import pandas as pd
from hydra import compose, initialize_config_dir

from dropout_lab.compose import CONF, Points
from dropout_lab.config import settings_table
from dropout_lab.settings import show
from dropout_lab.sweeps.grid import arms, expand


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
    from dropout_lab.plugins import enable
    from dropout_lab.report import trials as stored
    from dropout_lab.results import present
    from dropout_lab.sweeps.run import run

    enable()
    words = [word for key, value in _flat(settings).items() for word in _word(key, value)]
    with initialize_config_dir(str(CONF), version_base="1.3", job_name="dropout-lab"):
        chosen = arms(expand(words), Points(lambda groups: compose("config", groups)))
    outcome = run(chosen, say=lambda line: None)
    present(outcome)
    frame = stored.read(chosen[0].config.out)
    order = list(dict.fromkeys(trial.id for arm in chosen for trial in arm.trials))
    return frame.set_index("trial_id", drop=False).loc[order].reset_index(drop=True)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat.update(_flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value})
    return flat


def _word(key: str, value: Any) -> list[str]:
    lists = {e.key for e in settings_table() if get_origin(e.type) is list} | {"seeds"}
    if not isinstance(value, list | tuple):
        return [f"{key}={show(value)}"]
    nested = any(isinstance(v, list | tuple) for v in value)
    if key in lists and not nested:
        return [f"{key}={show(value)}"]
    if not value:
        return [f"{key}="]
    return [f"{key}={','.join(show(v) for v in value)}"]
