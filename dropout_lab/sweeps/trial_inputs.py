"""Data set and model of a trial; each is loaded or built once per process and shared by all checks and plans."""

from dataclasses import dataclass, field
from functools import lru_cache

from dropout_lab.config import Config
from dropout_lab.data import DataError, Dataset, load
from dropout_lab.errors import ConfigError
from dropout_lab.models import Model
from dropout_lab.sweeps.process import ProcessEnded, run_isolated
from dropout_lab.train.pack import build_pack_model
from dropout_lab.trial import Trial


@dataclass(frozen=True)
class TrialKey:
    """A trial as the key of a cache. Keys are equal if their texts are, whatever the trials."""

    text: str
    trial: Trial = field(compare=False)


def load_trial_data(trial: Trial) -> Dataset:
    """Return the data set of a trial.

    Raises:
        ConfigError: the data cannot be read.
    """
    return _load(TrialKey(_describe_source(trial.config), trial))


def build_trial_model(trial: Trial) -> Model:
    """Return the model of a trial. Trials with equal pack keys share it, so the caller must not change it.

    Raises:
        ConfigError: the data cannot be read, or the model does not accept them.
    """
    return _build(TrialKey(f"{trial.point.pack_key} {_describe_source(trial.config)}", trial))


def _describe_source(config: Config) -> str:
    return f"{config.data.kind} {config.source}"


def ended_in_trial_run(config: Config, error: ProcessEnded) -> ConfigError:
    """Return the refusal of a network that ends its process."""
    target = getattr(config.model, "target", "")
    return ConfigError.of(
        "model.target", target, f"its process {error} in the check before training; raise an exception instead"
    )


@lru_cache(maxsize=32)
def _load(key: TrialKey) -> Dataset:
    config = key.trial.config
    try:
        return load(config.data.kind, **config.source)
    except DataError as error:
        raise ConfigError(str(error)) from None


@lru_cache(maxsize=256)
def _build(key: TrialKey) -> Model:
    config, dataset = key.trial.config, load_trial_data(key.trial)
    try:
        if config.model.kind == "custom":  # the user's code may end its process: try it in another one first
            run_isolated(lambda: build_pack_model(config, dataset).size)
        return build_pack_model(config, dataset)
    except ProcessEnded as error:
        raise ended_in_trial_run(config, error) from None
    except (ValueError, RuntimeError) as error:
        shape = "x".join(map(str, dataset.shape))
        shape = (
            f"data={dataset.name} has examples of shape {shape}" if shape else f"data={dataset.name} is running text"
        )
        remedy = (
            "; data.layout=images reads them as images" if dataset.name == "file" and len(dataset.shape) == 2 else ""
        )
        raise ConfigError.of("model", config.model.kind, f"{error}; {shape}{remedy}") from None
