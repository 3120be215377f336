"""What every variant is: a pure function for training, one for the test, and a thin module that holds the rate."""

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from dropout_lab.streams import Randomness, TorchRandomness

# What the activations at a site are, by their axes after the model axis M and the batch axis B.
UNITS = "units"  # [D]: hidden units, or a table's features
MAPS = "maps"  # [C, H, W]: feature maps, or an image
STEPS = "steps"  # [T, D]: features at every time step
LAYOUTS = (UNITS, MAPS, STEPS)


class Dropout(nn.Module):
    """A variant as an ordinary module.

    Args:
        rate: drop probability in [0, 1], or one per model as a tensor [M] for inputs [M, ...].
        generator: where the mask's bits come from; torch's default generator if None.

    Raises:
        ValueError: a rate outside [0, 1].

    Attributes:
        kind: name in the registry.
        layouts: where it acts; at a site of another layout it leaves the activations alone.
        needs: layouts of which a model must have one among the sites it acts at, or the variant makes no sense there.
        at_input: whether ``rate`` rules the input instead of the hidden sites.
        takes_input: whether ``input_rate`` makes sense for it.
        shared: for each layout, the axes (from the end) along which all elements share one mask element.
        keeps: what the training-time form keeps of the test-time form: ``mean``, and ``variance`` for inputs of mean 0
            and variance 1.
        fraction: ``rate`` if that part of the elements is zeroed, ``about`` if it is so only roughly, ``none`` if the
            variant zeroes nothing.
        options: names of further constructor arguments that a config may set.
        layout: what the module takes its input for.
    """

    kind: ClassVar[str]
    layouts: ClassVar[tuple[str, ...]] = LAYOUTS
    needs: ClassVar[tuple[str, ...]] = LAYOUTS
    at_input: ClassVar[bool] = False
    takes_input: ClassVar[bool] = True
    shared: ClassVar[Mapping[str, tuple[int, ...]]] = {}
    keeps: ClassVar[tuple[str, ...]] = ("mean",)
    fraction: ClassVar[str] = "rate"
    options: ClassVar[tuple[str, ...]] = ()
    layout: ClassVar[str] = UNITS

    def __init__(self, rate: Tensor | float = 0.5, generator: torch.Generator | None = None):
        super().__init__()
        rates = torch.as_tensor(rate, dtype=torch.float64)
        if rates.dim() > 1 or not ((rates >= 0) & (rates <= 1)).all():
            raise ValueError(f"rate={rate}: must be in [0, 1], a number or one per model")
        self.rate, self.generator = rate, generator

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        """The training-time function of x [..., and the axes of the layout]."""
        raise NotImplementedError

    def expected(self, x: Tensor, rate: Tensor | float) -> Tensor:
        """The test-time function; the identity unless the variant says otherwise."""
        return x

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return self.expected(x, self.rate)
        return self.sample(x, self.rate, TorchRandomness(x.device, self.generator), self.layout)

    def extra_repr(self) -> str:
        rate = self.rate.tolist() if isinstance(self.rate, Tensor) else self.rate
        return ", ".join([f"rate={rate}", *(f"{name}={getattr(self, name)}" for name in self.options)])

    def __getstate__(self) -> dict[str, object]:
        # A generator cannot be copied or pickled; the copy draws from torch's default one.
        return {**self.__dict__, "generator": None}
