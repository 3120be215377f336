"""Checks of trials before training starts."""

from collections.abc import Callable, Sequence

import torch

from dropout_lab.config import Config
from dropout_lab.data import DATASETS, Dataset
from dropout_lab.data.description import describe
from dropout_lab.dropout import VARIANTS
from dropout_lab.dropout.schedules import SCHEDULES
from dropout_lab.errors import ConfigError
from dropout_lab.models import Custom
from dropout_lab.regularizers import incompatibility as regularizer_incompatibility
from dropout_lab.rng import Streams
from dropout_lab.sweeps.grid import Arm
from dropout_lab.sweeps.inference_checks import check_arms
from dropout_lab.sweeps.memory import refuse_unaffordable
from dropout_lab.sweeps.metric_checks import check_requested, describe_undefined, monitored_columns
from dropout_lab.sweeps.network_check import rehearse
from dropout_lab.sweeps.trial_inputs import build_trial_model, load_trial_data
from dropout_lab.train.network_info import describe_network
from dropout_lab.train.pack import variant_incompatibility
from dropout_lab.train.paper_scaling import conversion_error
from dropout_lab.train.splits import make_splits, refuse_settings, smallest_class_size
from dropout_lab.trial import Trial

RARE = 5  # training examples of the smallest class; the number differs by two or three between seeds


def drop_invalid(arms: Sequence[Arm], say: Callable[[str], None]) -> list[Arm]:
    """Return the arms that can be trained, and report the others.

    Raises:
        ConfigError: no arm is left.
    """
    checked: set[str] = set()
    kept = []
    left_out: dict[str, int] = {}
    for arm in arms:
        try:
            check_trials(arm.trials, checked)
            check_arms([arm])
            kept.append(arm)
        except ConfigError as error:
            left_out[str(error)] = left_out.get(str(error), 0) + 1
    for reason, count in left_out.items():
        say(f"skipped {count} arm{'s' if count > 1 else ''}: {reason}")
    if not kept:
        raise ConfigError("nothing to train: skip_invalid excludes every arm")
    return kept


def check_trials(trials: Sequence[Trial], checked: set[str] | None = None) -> None:
    """Check that trials can be trained.

    Args:
        trials: the trials.
        checked: splits that an earlier call has checked; this call adds its own.

    Raises:
        ConfigError: a kind is unknown, a device is missing, or a model is incompatible with its data, its regularizer
            or its variant.
    """
    checked = set() if checked is None else checked
    # The seeds of an arm share its point, and only the checks of the splits depend on the seed.
    seeds: dict[str, dict[int, None]] = {}
    for trial in trials:
        seeds.setdefault(trial.point.pack_key, {})[trial.seed] = None
    for trial in {(trial.point.identity, trial.point.listed): trial for trial in trials}.values():
        config = trial.config
        _known(config)
        _device(config)
        dataset, model = load_trial_data(trial), build_trial_model(trial)
        refuse_unaffordable(config, model)
        _refuse_resplit(config, dataset)
        seeds_of_pack = list(seeds[trial.point.pack_key])
        splits = f"{config.data} {config.base_seed} {seeds_of_pack}"  # different models may share the same splits
        if splits not in checked:
            _check_splits(config, dataset, seeds_of_pack)
            checked.add(splits)
        if isinstance(model, Custom):
            rehearse(trial)
        requested = f"{splits} {config.metrics} {monitored_columns(config)}"
        if requested not in checked:
            check_requested(config, dataset, seeds_of_pack)
            checked.add(requested)
        if config.variant.kind not in (*VARIANTS, "none"):
            raise ConfigError.of("variant.kind", config.variant.kind, "must be one of " + ", ".join(VARIANTS))
        if trial.point.listed:
            config.check_length(trial.point.listed, model.depth)
        reason = regularizer_incompatibility(config.regularizer, describe_network(model, dataset))
        if reason:
            raise ConfigError.of("regularizer", trial.point.regularizer, reason)
        reason = conversion_error(trial, model)
        if reason:
            raise ConfigError.of("convert_paper_constants", True, reason)
        reason = variant_incompatibility(trial, model)
        if reason:
            raise ConfigError(f"variant={trial.point.variant} model={config.model.kind}: {reason}")


def describe_user_input(trials: Sequence[Trial]) -> list[str]:
    """Return descriptions for the user to check before training: one line per user data set and custom network."""
    lines: dict[str, None] = {}
    seeds: dict[str, dict[int, None]] = {}
    for trial in trials:
        seeds.setdefault(trial.point.pack_key, {})[trial.seed] = None
    for trial in {trial.point.pack_key: trial for trial in trials}.values():
        config = trial.config
        lines |= dict.fromkeys(describe_undefined(config, load_trial_data(trial), list(seeds[trial.point.pack_key])))
        if config.data.of_user:
            dataset = load_trial_data(trial)
            splits = make_splits(dataset, config.data, Streams(config.base_seed, trial.seed))
            lines[describe(dataset, config.data.path, splits)] = None
        if config.model.hidden_sites is None:
            model = build_trial_model(trial)
            places = ", ".join(f"{name} ({model.places[name].layout})" for name in model.sites)
            count = f"{len(model.sites)} site{'s' if len(model.sites) > 1 else ''}"
            lines[f"note: {config.model.target} drops at {count}: {places}"] = None
            lines |= dict.fromkeys(rehearse(trial).notes)
    return list(lines)


def _known(config: Config) -> None:
    """Raise ConfigError for an unknown kind of data or schedule, which a user's config file may name."""
    known = {"data": (config.data.kind, list(DATASETS)), "schedule": (config.schedule.kind, list(SCHEDULES))}
    for group, (kind, registry) in known.items():
        if kind not in registry:
            raise ConfigError.of(f"{group}.kind", kind, "must be one of " + ", ".join(sorted(registry)))


def _device(config: Config) -> None:
    cuda, _, number = config.device.partition(":")
    if cuda == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise ConfigError.of(
            "device", config.device, f"torch detects {torch.cuda.device_count()} CUDA devices on this machine"
        )


def _refuse_resplit(config: Config, dataset: Dataset) -> None:
    if not config.resplit or dataset.test is None:
        return
    if dataset.splits:
        last = len(dataset.splits) - 1
        remedy = f"data.split=range(0,{last + 1}) trains on each of its published splits"
    else:
        remedy = "leave out resplit=; save_predictions=true gives intervals over its test examples"
    problem = f"data={dataset.name} has an official test set of {len(dataset.test)} examples, which is not resampled"
    raise ConfigError(f"resplit=true: {problem}; {remedy}")


def _check_splits(config: Config, dataset: Dataset, seeds: Sequence[int]) -> None:
    """Make the splits of the trials.

    If a class is so rare that a split may miss it, every seed is checked; otherwise the first one is enough.
    """
    try:
        refuse_settings(dataset, config.data)
        for seed in seeds:
            train = make_splits(dataset, config.data, Streams(config.base_seed, seed))["train"]
            if smallest_class_size(dataset, train) > RARE:
                return
    except ValueError as error:
        raise ConfigError(str(error)) from None
