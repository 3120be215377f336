"""Metrics that the trials of a config measure on request."""

from dropout_lab.config.schema import Config
from dropout_lab.metrics import REQUESTED


def measured_on_request(config: Config) -> list[str]:
    """Return the names of the metrics that a config requests, with those that early stopping or tuning reads."""
    read = [config.regularizer.monitor] if "early_stopping" in config.regularizer.names else []
    read += [config.tuning_metric] if config.tune else []
    asked = {*config.metrics, *(column.removeprefix("val_") for column in read)}
    return [name for name in REQUESTED if name in asked]
