"""What every variant is: a pure function for training, one for the test, and a thin module that holds the rate."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from dropout_lab.streams import Randomness, TorchRandomness


class Dropout(nn.Module):
    """A variant as an ordinary module.

    Args:
        rate: drop probability in [0, 1], or one per model as a tensor [M] for inputs [M, ...].
        generator: where the mask's bits come from; torch's default generator if None.

    Raises:
        ValueError: a rate outside [0, 1].
    """

    kind: ClassVar[str]

    def __init__(self, rate: Tensor | float = 0.5, generator: torch.Generator | None = None):
        super().__init__()
        rates = torch.as_tensor(rate, dtype=torch.float64)
        if rates.dim() > 1 or not ((rates >= 0) & (rates <= 1)).all():
            raise ValueError(f"rate={rate}: must be in [0, 1], a number or one per model")
        self.rate, self.generator = rate, generator

    @staticmethod
    def sample(x: Tensor, rate: Tensor | float, random: Randomness) -> Tensor:
        """The training-time function."""
        raise NotImplementedError

    @staticmethod
    def expected(x: Tensor, rate: Tensor | float) -> Tensor:
        """The test-time function; the identity unless the variant says otherwise."""
        return x

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return self.expected(x, self.rate)
        return self.sample(x, self.rate, TorchRandomness(x.device, self.generator))

    def extra_repr(self) -> str:
        rate = self.rate.tolist() if isinstance(self.rate, Tensor) else self.rate
        return f"rate={rate}"
