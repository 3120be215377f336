"""Site kinds and the base class of the dropout variants.

A variant is a pure function for training, a pure function for test time, and a thin module that holds the rate.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from dropout_lab.rng import Randomness, TorchRandomness
from dropout_lab.settings import Options, option_values

# Site kinds, with the axes of a site's tensor that follow the model axis M.
UNITS = "units"  # [B, D]: hidden units, or the features of tabular data
MAPS = "maps"  # [B, C, H, W]: feature maps, or images
STEPS = "steps"  # [B, T, D]: features of every time step or token
PATHS = "paths"  # [B, ...]: output of a residual branch, before it is added to the block's input
ATTENTION = "scores"  # [B, heads, T, T]: attention probabilities
WEIGHTS = "weights"  # [in, out] or [out, in, k, k]: weights of a layer that reads one of the sites above
RECURRENT = "recurrent weights"  # [.., D]: hidden-to-hidden weights
WORDS = "kinds of tokens"  # [B, T, V]: keep mask over the V word types, at each position of a text
STATES = "recurrent states"  # [B, T, D]: hidden state of a recurrent layer, as read by the next step
CANDIDATES = "candidates of gated cells"  # [B, T, D]: candidate content, before it is added to the memory
MEMORY_CELLS = "memory cells"  # [B, T, D]: cell state of an LSTM
ACTIVATION_KINDS = (UNITS, MAPS, STEPS)
# Sites inside a fused operation over a whole sequence; the masks are passed to that operation.
INNER_KINDS = (WORDS, STATES, CANDIDATES, MEMORY_CELLS)
SITE_KINDS = (*ACTIVATION_KINDS, PATHS, ATTENTION, WEIGHTS, RECURRENT, *INNER_KINDS)

# Value of ``shared`` for one mask element per example: all axes after the batch axis are shared.
EXAMPLE = (0,)


class Dropout(nn.Module):
    """Base class of the dropout variants.

    Args:
        rate: drop probability in [0, 1], or one per model as a tensor [M] for inputs [M, ...].
        generator: random generator of the drop masks; torch's default generator if None.

    Raises:
        ValueError: if a rate is outside [0, 1].

    Attributes:
        kind: name in the registry.
        layouts: site kinds at which the variant acts; tensors at other sites pass through unchanged.
        needs: site kinds of which the model must have at least one for the variant to be applicable.
        in_sequences: whether the variant applies to recurrent networks only.
        carries_previous: whether a dropped element of a recurrent layer keeps its value from the previous step instead
            of becoming zero.
        per_gate: whether each gate of a recurrent layer has a separate mask.
        at_input: whether ``rate`` applies to the input instead of the hidden sites.
        takes_input: whether ``input_rate`` is applicable.
        shared: for each site kind, the axes (negative, from the end) along which all elements share one mask element.
        preserves: statistics of the test-time form that the training-time form has as well: ``mean``, and ``variance``
            for inputs of mean 0 and variance 1.
        zeroing: ``rate`` if exactly that fraction of the elements is zeroed in expectation, ``about`` if approximately
            that fraction is zeroed, ``soft`` if elements become nearly zero, ``none`` if no element is zeroed.
        adaptive: whether the mask depends on the values of the input.
        rescales: whether the variant zeroes units and divides the others by the keep probability during training.
            Papers that zero units without rescaling multiply by the keep probability at test time instead.
        stochastic: whether the mask is random, so that two passes differ.
        learns: whether the rate is a learned parameter; see :mod:`dropout_lab.dropout.learned_rate`.
        passes: number of forward passes per training step.
        kl_weight: weight in the loss of the divergence between the predictions of two passes.
        options: class of the options, which are further constructor arguments that a config may set.
        layout: site kind that the standalone module assumes for its input.
    """

    kind: ClassVar[str]
    layouts: ClassVar[tuple[str, ...]] = ACTIVATION_KINDS
    needs: ClassVar[tuple[str, ...]] = ACTIVATION_KINDS
    in_sequences: ClassVar[bool] = False
    carries_previous: ClassVar[bool] = False
    per_gate: bool = False
    at_input: ClassVar[bool] = False
    takes_input: ClassVar[bool] = True
    shared: ClassVar[Mapping[str, tuple[int, ...]]] = {}
    preserves: ClassVar[tuple[str, ...]] = ("mean",)
    zeroing: ClassVar[str] = "rate"
    adaptive: ClassVar[bool] = False
    rescales: ClassVar[bool] = False
    stochastic: ClassVar[bool] = True
    learns: ClassVar[bool] = False
    passes: ClassVar[int] = 1
    kl_weight: float = 0.0
    options: ClassVar[type[Options]] = Options
    layout: ClassVar[str] = UNITS

    def __init__(self, rate: Tensor | float = 0.5, generator: torch.Generator | None = None):
        super().__init__()
        rates = torch.as_tensor(rate, dtype=torch.float64)
        if rates.dim() > 1 or not ((rates >= 0) & (rates <= 1)).all():
            raise ValueError(f"rate={rate}: must be in [0, 1], a number or a tensor with one number per model")
        self.rate, self.generator = rate, generator

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        """Apply the training-time form to x, whose last axes are those of the site kind ``layout``."""
        raise NotImplementedError

    def rectified(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        """Return :meth:`sample` of relu(x); some variants override this with a fused operation."""
        return self.sample(nn.functional.relu(x), rate, random, layout)

    def expected(self, x: Tensor, rate: Tensor | float) -> Tensor:
        """Apply the test-time form; the identity by default."""
        return x

    def dropped(self, x: Tensor, out: Tensor, rate: Tensor | float) -> Tensor:
        """Return a bool tensor of the shape of x that is true where an element was dropped.

        An element counts as dropped if it is zero in ``out``; under noise that is not binary, if it lost more than half
        of its value.
        """
        return out == 0 if self.zeroing in ("rate", "about") else out * x.sign() < x.abs() / 2

    def state_penalty(self, before: Tensor, after: Tensor) -> Tensor | None:
        """Return the variant's loss term for the output of the last recurrent layer.

        Args:
            before, after: states [M, B, T, D] before and after dropout.

        Returns:
            tensor [M], or None if the variant adds no such term.
        """
        return None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return self.expected(x, self.rate)
        return self.sample(x, self.rate, self.random(x), self.layout)

    def random(self, x: Tensor) -> Randomness:
        """Return the source of random bits, on the device of x."""
        return TorchRandomness(x.device, self.generator)

    def extra_repr(self) -> str:
        rate = self.rate.tolist() if isinstance(self.rate, Tensor) else self.rate
        return ", ".join([f"rate={rate}", *(f"{n}={v}" for n, v in option_values(self.options, self).items())])

    def __getstate__(self) -> dict[str, object]:
        # A generator cannot be copied or pickled; a copy of the module draws from torch's default generator.
        return {**self.__dict__, "generator": None}


def mask_shape(shape: Sequence[int], shared: tuple[int, ...], rate: Tensor) -> list[int]:
    """Return the shape of the drop mask of a tensor.

    Args:
        shape: shape of the tensor.
        shared: negative axes along which all elements share one mask element, or :data:`EXAMPLE`.
        rate: output of :func:`~dropout_lab.dropout.masks.per_model`; it has axes if the tensor has a model axis.
    """
    if shared == EXAMPLE:
        lead = 2 if rate.dim() else 1
        return [*shape[:lead], *[1] * (len(shape) - lead)]
    return [1 if axis - len(shape) in shared else size for axis, size in enumerate(shape)]
