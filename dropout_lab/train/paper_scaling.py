"""Conversion of the constants of papers that scale weights at test time to inverted dropout.

Papers up to about 2015 mask units without rescaling and multiply by the keep probability k at test time; inverted
dropout divides by k in training. With w' = k w for the weights that read such units, SGD with or without momentum
trains the same network if the learning rate of w' is k^2 times that of the paper (biases keep theirs), the initial
weights k times, L2 1/k^2 times, L1 1/k times and a norm bound k times. Adam normalises the gradient, so its learning
rate is k times that of the paper; its epsilon is not converted, which matters for gradients of that magnitude.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from dropout_lab.dropout import ACTIVATION_KINDS, VARIANTS
from dropout_lab.dropout.masks import keep_probability
from dropout_lab.models import Model
from dropout_lab.regularizers import REGULARIZERS
from dropout_lab.train.optimizers import OPTIMIZERS
from dropout_lab.trial import Trial


def keep_probabilities(trials: Sequence[Trial], model: Model, rates: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the keep probability of the inputs of all weights whose constants are converted, [M] each.

    Args:
        trials: the M trials.
        model: the stacked model.
        rates: drop probability at each site, [M].
    """
    converts = torch.tensor([trial.config.convert_paper_constants for trial in trials])
    if not converts.any():
        return {}
    factors = {}
    for name, parameter in model.parameters.items():
        rate = rates[parameter.reads] if parameter.reads else None
        if rate is not None and (rate > 0).any():
            factors[name] = torch.where(converts.to(rate.device), keep_probability(rate), 1).float()
    return factors


def lr_factor(kind: str, keep: Tensor) -> Tensor:
    """Return the learning-rate factor of an optimizer for weights that are multiplied by ``keep``, [M]."""
    return keep ** OPTIMIZERS[kind].power


def conversion_error(trial: Trial, model: Model) -> str | None:
    """Return why the constants of a trial cannot be converted; None if they can or need not be."""
    config = trial.config
    if not config.convert_paper_constants:
        return None
    variant = VARIANTS[config.variant.kind]
    if not variant.rescales:
        fitting = ", ".join(kind for kind, rescaling in VARIANTS.items() if rescaling.rescales)
        return (
            f"requires a variant that rescales units during training ({fitting}), and variant={variant.kind} does not"
        )
    if config.schedule.kind != "constant":
        return f"requires a constant keep probability, which schedule={config.schedule.kind} does not have"
    places = [place for place in model.places.values() if place.layout in ACTIVATION_KINDS]
    if any(not place.read_by for place in places):
        return (
            f"requires weights that read the dropped units, but model={config.model.kind} sums them or does not "
            "declare the weights"
        )
    between = [name for name in config.regularizer.names if REGULARIZERS[name].between(config.regularizer)]
    if between:
        return f"requires weights that read the dropped units directly, but regularizer={between[0]} is between them"
    return None
