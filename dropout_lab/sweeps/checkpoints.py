"""Checkpoints: one safetensors file per trial, with the settings of the trial as metadata."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from dropout_lab.config import GROUPS, MODELS, Config, update_settings
from dropout_lab.config.compose import replace_settings
from dropout_lab.data.npz import load_arrays
from dropout_lab.errors import ConfigError
from dropout_lab.files import make_folder, replace_file
from dropout_lab.train.result import TrialResult
from dropout_lab.trial import Trial, canonical

DAMAGED = (SafetensorError, OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError, ConfigError)
# The schema of each group by name; the schema of the model depends on its kind.
SCHEMAS: dict[str, Any] = {field.name: field.type for field in fields(Config) if field.name in {*GROUPS} - {"model"}}


def weights_path(folder: str | Path, trial_id: str) -> Path:
    """Return the path of a trial's checkpoint; the file exists only if the trial was saved."""
    return Path(folder) / "weights" / f"{trial_id}.safetensors"


def save_weights(trial: Trial, result: TrialResult) -> None:
    """Write the weights of a result to a checkpoint atomically, and remove them from the result.

    The file holds every parameter of the one model without the axis M, its buffers, and the parameters that the
    variant learned. Its metadata holds the trial's settings and the point of the training (progress and stalls) at
    which the schedule gives the dropout rates in force.
    """
    if not result.weights:
        return
    path = weights_path(trial.config.out, trial.id)
    make_folder(path.parent)
    metadata = {"config": asdict(trial.config), "seed": trial.seed, "moment": result.moment}
    tensors = {name: value.detach().cpu().contiguous() for name, value in result.weights.items()}
    replace_file(path, save(tensors, {"dropout-lab": json.dumps(metadata)}))
    result.weights = {}


def is_whole(path: Path) -> bool:
    """Return whether a file of weights or predictions can be read, without comparing it with its network."""
    try:
        if path.suffix == ".npz":
            return load_arrays(path, ["prediction", "target"]).keys() == {"prediction", "target"}
        with safe_open(path, "pt") as file:
            return len(json.loads(file.metadata()["dropout-lab"])["moment"]) == 2
    except Exception:  # damaged bytes raise many types
        return False


@dataclass(frozen=True)
class SavedWeights:
    """The checkpoint of a trial, read on request.

    Args:
        trial: the trial.
        path: the checkpoint file.
        moment: progress and stalls of the training at which the schedule gives the dropout rates in force.
    """

    trial: Trial
    path: Path
    moment: tuple[float, float]

    def read(self, device: str, expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the parameters with a model axis of size one, [1, ...] each.

        Args:
            device: where to put them.
            expected: parameters of the network, whose names and shapes they must have.

        Raises:
            ConfigError: they do not.
        """
        with safe_open(self.path, "pt", device=device) as file:
            tensors = {name: file.get_tensor(name).unsqueeze(0) for name in file.keys()}  # noqa: SIM118
        for name in dict.fromkeys([*expected, *tensors]):
            shapes = [list(each[name].shape[1:]) if name in each else "none" for each in (tensors, expected)]
            if shapes[0] != shapes[1]:
                what = f"shape of {name!r}: {shapes[0]} in the file, {shapes[1]} in the network"
                raise ConfigError(f"{self.path}: is damaged ({what}); delete it and train again with save_weights=true")
        return tensors


def list_saved(
    folder: str | Path,
    trial_ids: Iterable[str],
    elsewhere: Mapping[str, Any] | None = None,
    known: Mapping[str, Trial] | None = None,
) -> list[SavedWeights]:
    """Return the checkpoints of these trials; trials without a checkpoint are left out.

    Args:
        folder: the sweep folder.
        trial_ids: ids of the trials.
        elsewhere: current values of settings that do not define a trial and may have changed since the training, such
            as the folder of the data.
        known: trials by id, used instead of the trials rebuilt from the files.

    Raises:
        ConfigError: a file is damaged, or was written by another version.
    """
    paths = {trial_id: weights_path(folder, trial_id) for trial_id in trial_ids}
    there = {trial_id: path for trial_id, path in paths.items() if path.is_file()}
    networks = []
    for trial_id, path in there.items():
        saved = _kept(trial_id, path)
        trial = (known or {}).get(trial_id, saved.trial)
        if elsewhere:
            trial = Trial(canonical(replace_settings(trial.config, dict(elsewhere))), trial.seed)
        networks.append(SavedWeights(trial, path, saved.moment))
    return networks


def _kept(trial_id: str, path: Path) -> SavedWeights:
    try:
        with safe_open(path, "pt") as file:
            metadata = json.loads(file.metadata()["dropout-lab"])
        trial = Trial(canonical(_config(metadata["config"])), metadata["seed"])
        progress, stalls = map(float, metadata["moment"])
    except DAMAGED as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(
            f"{path}: cannot be read ({reason}); delete it and train again with save_weights=true"
        ) from None
    if trial.id != trial_id:
        raise ConfigError(f"{path}: belongs to another trial or to another version of dropout-lab; delete it")
    return SavedWeights(trial, path, (progress, stalls))


def _config(values: dict[str, Any]) -> Config:
    update_settings(values, warn=False)
    groups = {name: schema(**values.get(name, {})) for name, schema in SCHEMAS.items()}  # older versions lack some
    model = MODELS[values["model"]["kind"]](**values["model"])
    rest = {name: value for name, value in values.items() if name not in groups and name != "model"}
    return Config(**groups, model=model, **rest)
