"""Checks, before training, that the requested inference is possible for each arm."""

from collections.abc import Sequence

from dropout_lab.config import ROLES, CustomConf, InferConf
from dropout_lab.data import DATASETS, DataError, load
from dropout_lab.dropout import VARIANTS
from dropout_lab.errors import ConfigError
from dropout_lab.settings.validators import SHIFTS
from dropout_lab.sweeps.grid import Arm
from dropout_lab.sweeps.network_check import rehearse
from dropout_lab.sweeps.trial_inputs import load_trial_data
from dropout_lab.trial import Trial

IMAGES = 3  # axes of an image


def check_arms(arms: Sequence[Arm]) -> None:
    """Check the inference settings of every arm of a sweep.

    Raises:
        ConfigError: see :func:`check_trial`.
    """
    for arm in arms:
        check_trial(arm.trials[0], arm.config.infer, len(arm.trials) > 1)


def check_trial(trial: Trial, conf: InferConf, many: bool) -> None:
    """Check the inference settings of a trial, as far as this is possible without its weights.

    Args:
        many: whether other trials differ from this one in the seed only.

    Raises:
        ConfigError: the trial does not read the test set; its network is not stochastic or mixes the examples of a
            batch; there is no validation set to choose the precision on; the out-of-distribution data do not fit; or
            the inference does not apply to its task.
    """
    if not trial.config.evaluate_test and (conf.stochastic or conf.ood):
        raise ConfigError("evaluate_test=false: infer= evaluates the test set; leave out infer= or evaluate_test=")
    if conf.stochastic and not (conf.kind == "ensemble" and many):
        reason = no_noise_reason(trial)
        if reason:
            alone = " and one seed" if conf.kind == "ensemble" else ""
            raise ConfigError.of("infer", conf.kind, f"requires stochastic passes: {reason}{alone}")
    if conf.stochastic and not no_noise_reason(trial) and isinstance(trial.config.model, CustomConf):
        mixing = rehearse(trial).mixing
        if mixing:
            problem = f"{trial.config.model.target} {mixing}, and the passes over an example form one batch"
            raise ConfigError.of(
                "infer", conf.kind, f"{problem}; use layers with running statistics, or leave out this method"
            )
    if conf.tau == "auto" and not trial.config.data.val_fraction and load_trial_data(trial).task == "regression":
        problem = "is selected on the validation split, which is empty with data.val_fraction=0; give a number"
        raise ConfigError.of("infer.tau", "auto", problem)
    if conf.ood:
        _fits(trial, conf)
    if conf.kind == "ensemble" and load_trial_data(trial).task == "language":
        raise ConfigError.of("infer", conf.kind, "does not apply to running text")


def no_noise_reason(trial: Trial) -> str | None:
    """Return the reason why two stochastic passes of a trial's network would be equal; None if they differ."""
    config, variant = trial.config, trial.point.variant
    rates = [*(config.rate if isinstance(config.rate, list) else [config.rate]), config.input_rate]
    if variant == "none" or not any([*rates, *(getattr(config, f"{role}_rate") for role in ROLES)]):
        return "the rate is 0"
    if variant in VARIANTS and not VARIANTS[variant].stochastic:
        return f"variant={variant} is deterministic"
    if config.schedule.kind == "early" and config.schedule.fraction < 1:
        return "schedule=early ends at rate 0"
    return None


def _fits(trial: Trial, conf: InferConf) -> None:
    """Raise ConfigError if a data set for out-of-distribution detection is unknown or has images of another shape."""
    dataset = load_trial_data(trial)
    names = ",".join(conf.ood)
    if dataset.task != "classification" or len(dataset.shape) != IMAGES:
        raise ConfigError(f"infer.ood=[{names}]: requires image classification, which data={dataset.name} is not")
    for name in conf.ood:
        if name in SHIFTS:
            continue
        if name not in DATASETS or name == dataset.name:
            problem = f"must be {' or '.join(SHIFTS)}, or an image data set other than {dataset.name}"
            raise ConfigError.of("infer.ood", name, problem)
        try:
            other = load(name, root=trial.config.data.root)
        except (DataError, TypeError) as error:
            raise ConfigError(f"infer.ood={name}: {error}") from None
        if other.shape != dataset.shape:
            actual, needed = ("x".join(map(str, each.shape)) for each in (other, dataset))
            raise ConfigError.of(
                "infer.ood", name, f"has examples of shape {actual}, but those of {dataset.name} are {needed}"
            )
