"""The schema of ``infer=``: the inference with a trained network."""

from dataclasses import dataclass
from typing import Any, ClassVar

from dropout_lab.settings.fields import Validated, setting
from dropout_lab.settings.validators import MOST, OOD, POSITIVE_OR_AUTO, check_ood, check_positive_or_auto

STOCHASTIC = ("monte_carlo", "ensemble")


@dataclass(frozen=True)
class InferConf(Validated):
    """The inference method. Its settings do not affect the training, so they are not part of a trial's identity."""

    GROUP: ClassVar[str] = "infer"
    kind: str = setting("weight_scaling", help="inference method", identity=False, axis=True)
    passes: int = setting(
        100,
        low=1,
        high=MOST,
        identity=False,
        axis=True,
        when=("infer.kind", *STOCHASTIC),
        help="number of stochastic forward passes per example",
    )
    average: str = setting(
        "probabilities",
        choices=("probabilities", "logits"),
        identity=False,
        axis=True,
        when=("infer.kind", *STOCHASTIC),
        help="quantity that is averaged over passes and ensemble members",
    )
    bins: int = setting(
        15,
        low=1,
        high=1000,
        identity=False,
        axis=True,
        help="number of bins of the calibration errors and of the reliability diagram",
    )
    tau: Any = setting(
        "auto",
        check=check_positive_or_auto,
        allowed=POSITIVE_OR_AUTO,
        identity=False,
        axis=True,
        identity_key="infer.precision",
        help="noise precision tau of a regression, 1 / variance in the target's unit; auto: selected on the "
        "validation set",
    )
    ood: list[str] = setting(
        [],
        check=check_ood,
        allowed=OOD,
        identity=False,
        axis=True,
        help="out-of-distribution images that an image classifier is tested against",
    )

    @property
    def stochastic(self) -> bool:
        """Whether inference needs a network with dropout noise."""
        return self.kind in STOCHASTIC
