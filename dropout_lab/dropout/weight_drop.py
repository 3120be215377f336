"""Weight drop: DropConnect on the recurrent weights, and locked dropout elsewhere in a recurrent network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.func import functional_call

from dropout_lab.dropout.base import MAPS, RECURRENT, STEPS, UNITS, WORDS, Dropout
from dropout_lab.dropout.inverted import inverted
from dropout_lab.dropout.spatial import spatial
from dropout_lab.rng import Randomness
from dropout_lab.settings import MOST, Options, setting


def weight_drop(weight: Tensor, rate: Tensor | float, random: Randomness) -> Tensor:
    """Zero each recurrent weight with probability ``rate`` and divide the others by 1 - rate.

    The mask is drawn once per forward pass. It is the same for all steps and all examples of the batch, so fused
    sequence operations remain usable.

    Args:
        weight: hidden-to-hidden weights of any shape; [M, ...] if ``rate`` is [M].
        rate: drop probability in [0, 1]; at rate 1 all weights are zeroed.
        random: source of the mask's bits.

    Returns:
        tensor of the shape of the weights, with the same expectation.

    Source:
        Merity et al. 2018, ICLR, section 2.
    """
    return inverted(weight, rate, random)


@dataclass(frozen=True)
class WeightDropOptions(Options):
    """Options of weight drop."""

    ar: float = setting(
        0.0,
        low=0,
        high=MOST,
        identity_key="variant.activity",
        help="weight of the mean square of the dropped outputs of the last recurrent layer (AR; 2 in the paper)",
    )
    tar: float = setting(
        0.0,
        low=0,
        high=MOST,
        identity_key="variant.slowness",
        help="weight of the mean square change of the undropped outputs between time steps (TAR; 1 in the paper)",
    )


class WeightDrop(Dropout):
    """Weight drop around an ``nn.LSTM``, ``nn.GRU`` or ``nn.RNN``, see :func:`weight_drop`; unchanged in eval mode.

    In a whole network it includes the other parts of the paper: one mask for a whole sequence on the inputs and outputs
    of the layers (locked dropout), embedding dropout that drops word types from a whole batch, and two loss terms.

    Args:
        rate, generator: as for every variant.
        layer: the recurrent module; None if only the function is used.
        ar: weight of the mean square of the last layer's states after dropout (section 4.6, AR).
        tar: weight of the mean square of the change of these states per step, before dropout (TAR).

    Raises:
        ValueError: if the rate is outside [0, 1].
        TypeError: if the layer is not recurrent.
    """

    kind: ClassVar[str] = "weight_drop"
    layouts: ClassVar[tuple[str, ...]] = (UNITS, MAPS, STEPS, WORDS, RECURRENT)
    needs: ClassVar[tuple[str, ...]] = layouts
    in_sequences: ClassVar[bool] = True
    shared: ClassVar[Mapping[str, tuple[int, ...]]] = {MAPS: (-2,), STEPS: (-2,), WORDS: (-3, -2)}
    options: ClassVar[type[Options]] = WeightDropOptions
    layout: ClassVar[str] = RECURRENT

    def __init__(
        self,
        rate: Tensor | float = 0.5,
        layer: nn.Module | None = None,
        ar: float = WeightDropOptions.ar,
        tar: float = WeightDropOptions.tar,
        generator: torch.Generator | None = None,
    ):
        super().__init__(rate, generator)
        self.ar, self.tar = ar, tar
        if not (layer is None or isinstance(layer, nn.RNNBase)):
            raise TypeError(f"weight_drop wraps an nn.LSTM, nn.GRU or nn.RNN, not {layer}")
        self.layer = layer

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        if layout == RECURRENT:
            return weight_drop(x, rate, random)
        return spatial(x, rate, random, self.shared.get(layout, ()))

    def state_penalty(self, before: Tensor, after: Tensor) -> Tensor | None:
        if not self.ar and not self.tar:
            return None
        term = self.ar * after.square().flatten(1).mean(1)
        if self.tar and before.dim() == 4 and before.shape[2] > 1:
            term = term + self.tar * before.diff(dim=2).square().flatten(1).mean(1)
        return term

    def forward(self, x: Tensor, *state: Any) -> Any:
        if self.layer is None:
            raise RuntimeError("WeightDrop was created without a layer")
        if not self.training:
            return self.layer(x, *state)
        # The layer must use the masked weights, so functional_call replaces its parameters for this call only.
        weights = {
            name: self.sample(weight, self.rate, self.random(weight)) if name.startswith("weight_hh") else weight
            for name, weight in self.layer.named_parameters()
        }
        return functional_call(self.layer, weights, (x, *state))
