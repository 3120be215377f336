"""Gaussian noise on the inputs during training."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from dropout_lab.config import RegularizerConf
from dropout_lab.dropout.masks import per_model, sample_normal
from dropout_lab.regularizers.base import NetworkInfo, PackChoice, Regularizer
from dropout_lab.rng import PackRandomness
from dropout_lab.settings import Options, setting


def require_numeric_inputs(scene: NetworkInfo) -> str | None:
    """Return why a regularizer that needs numeric inputs is not applicable; None if it is applicable."""
    return "requires numeric inputs, but the inputs are texts" if scene.reads else None


@dataclass(frozen=True)
class InputNoiseOptions(Options):
    """Options of noise on the inputs."""

    input_noise: float = setting(
        0.1,
        low=0,
        pack="own",
        help="standard deviation of the normal noise on the normalised inputs",
    )


class InputNoise(Regularizer):
    """Additive noise N(0, input_noise^2) on every feature of every example, drawn at each step.

    Source:
        Sietsma and Dow 1991, Neural Networks 4. For small noise and squared error it is equivalent to a penalty on the
        gradient of the network with respect to its inputs: Bishop 1995, Neural Computation 7.
    """

    kind: ClassVar[str] = "input_noise"
    options: ClassVar[type[Options]] = InputNoiseOptions
    numbers: ClassVar[tuple[str, ...]] = ("input_noise",)

    def __init__(self, scene: NetworkInfo, trials: PackChoice):
        super().__init__(scene, trials)
        self.random = {self.kind: PackRandomness(trials.streams, self.kind, trials.device)}

    @classmethod
    def incompatibility(cls, conf: RegularizerConf, scene: NetworkInfo) -> str | None:
        return require_numeric_inputs(scene)

    def inputs(self, x: Tensor) -> Tensor:
        return x + per_model(self.strength, x) * sample_normal(self.random[self.kind].bits(x.shape), x)
