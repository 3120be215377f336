"""Gaussian noise on the weights during training."""

from dataclasses import dataclass
from typing import ClassVar

from dropout_lab.dropout.masks import per_model, sample_normal
from dropout_lab.regularizers.base import NetworkInfo, PackChoice, Params, WeightRegularizer
from dropout_lab.rng import PackRandomness
from dropout_lab.settings import Options, setting


@dataclass(frozen=True)
class WeightNoiseOptions(Options):
    """Options of noise on the weights."""

    weight_noise: float = setting(
        0.02,
        low=0,
        pack="own",
        help="standard deviation of the normal noise on the weights, drawn at each step",
    )


class WeightNoise(WeightRegularizer):
    """Additive noise N(0, weight_noise^2) on the weights w in each forward pass, with one draw per batch.

    The gradient at the noisy weights is applied to w.

    Source:
        Murray and Edwards 1994, IEEE Transactions on Neural Networks 5; Graves 2011, NeurIPS.
    """

    kind: ClassVar[str] = "weight_noise"
    options: ClassVar[type[Options]] = WeightNoiseOptions
    numbers: ClassVar[tuple[str, ...]] = ("weight_noise",)

    def __init__(self, scene: NetworkInfo, trials: PackChoice):
        super().__init__(scene, trials)
        streams = {name: f"{self.kind}/{name}" for name in scene.weights}
        self.random = {name: PackRandomness(trials.streams, s, trials.device) for name, s in streams.items()}

    def weights(self, params: Params) -> Params:
        noisy = dict(params)
        for name, random in self.random.items():
            weight = params[name]
            noisy[name] = weight + per_model(self.at(name, 1), weight) * sample_normal(
                random.bits(weight.shape), weight
            )
        return noisy
