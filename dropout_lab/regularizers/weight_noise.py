"""Gaussian noise on the weights during training."""

from typing import ClassVar

from dropout_lab.dropout.masks import per_model, sample_normal
from dropout_lab.regularizers.base import NetworkInfo, PackChoice, Params, WeightRegularizer
from dropout_lab.rng import PackRandomness


class WeightNoise(WeightRegularizer):
    """Additive noise N(0, weight_noise^2) on the weights w in each forward pass, with one draw per batch.

    The gradient at the noisy weights is applied to w.

    Source:
        Murray and Edwards 1994, IEEE Transactions on Neural Networks 5; Graves 2011, NeurIPS.
    """

    kind: ClassVar[str] = "weight_noise"
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
