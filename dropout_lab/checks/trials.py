"""Trials that the checks train."""

from collections.abc import Sequence

from dropout_lab.config.compose import open_composer
from dropout_lab.config.plugins import enable_plugins
from dropout_lab.sweeps.grid import Arm, expand_grid, make_arms
from dropout_lab.trial import Trial


def compose_arms(words: Sequence[str]) -> list[Arm]:
    """Return the arms of a sweep that is given in the words of the command line."""
    enable_plugins()
    with open_composer() as composer:
        return make_arms(expand_grid(words), composer)


def compose_trials(words: Sequence[str]) -> list[Trial]:
    """Return the distinct trials of these words, in the order of the arms."""
    return list({trial.id: trial for arm in compose_arms(words) for trial in arm.trials}.values())
