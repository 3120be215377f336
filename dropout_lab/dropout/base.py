"""What every variant is: a pure function for training, one for the test, and a thin module that holds the rate."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from dropout_lab.rng import Randomness, TorchRandomness

# What is at a place of a model where dropout may act, by its axes after the model axis M.
UNITS = "units"  # [B, D]: hidden units, or a table's features
MAPS = "maps"  # [B, C, H, W]: feature maps, or an image
STEPS = "steps"  # [B, T, D]: features at every time step, or of every token
PATHS = "paths"  # [B, ...]: what a residual block adds to its input
ATTENTION = "scores"  # [B, heads, T, T]: attention probabilities
WEIGHTS = "weights"  # [in, out] or [out, in, k, k]: weights of a layer that reads one of the places above
RECURRENT = "recurrent weights"  # [.., D]: weights from the hidden state to itself
WORDS = "kinds of tokens"  # [B, T, V]: whether a token of each of V kinds is read, at each place of a text
STATES = "recurrent states"  # [B, T, D]: the hidden state of a recurrent layer, as it goes into the next step
CANDIDATES = "candidates of gated cells"  # [B, T, D]: new content, before it is added to the memory
MEMORY_CELLS = "memory cells"  # [B, T, D]: what an LSTM keeps from step to step
ACTIVATION_KINDS = (UNITS, MAPS, STEPS)
# Inside an operation over a whole sequence, which is given the masks themselves.
INNER_KINDS = (WORDS, STATES, CANDIDATES, MEMORY_CELLS)
SITE_KINDS = (*ACTIVATION_KINDS, PATHS, ATTENTION, WEIGHTS, RECURRENT, *INNER_KINDS)

# As ``shared`` axes: all but the batch, however many there are.
EXAMPLE = (0,)


class Dropout(nn.Module):
    """A variant as an ordinary module.

    Args:
        rate: drop probability in [0, 1], or one per model as a tensor [M] for inputs [M, ...].
        generator: where the mask's bits come from; torch's default generator if None.

    Raises:
        ValueError: a rate outside [0, 1].

    Attributes:
        kind: name in the registry.
        layouts: where it acts; at a place of another layout it leaves things alone.
        needs: layouts of which a model must have one among the places it acts at, or the variant makes no sense there.
        in_sequences: whether it makes sense in recurrent networks alone.
        holds: whether what is dropped in a recurrent layer keeps its value of the step before, instead of being zero.
        per_gate: whether each gate of a recurrent layer has masks of its own.
        at_input: whether ``rate`` rules the input instead of the hidden places.
        takes_input: whether ``input_rate`` makes sense for it.
        shared: for each layout, the axes (from the end) along which all elements share one mask element.
        keeps: what the training-time form keeps of the test-time form: ``mean``, and ``variance`` for inputs of mean 0
            and variance 1.
        fraction: ``rate`` if that part of the elements is zeroed, ``about`` if it is so only roughly, ``soft`` if it is
            made nearly zero, ``none`` if nothing is.
        adaptive: whether what is dropped depends on the values of the input.
        rescales: whether it zeroes units and divides the others by the part that is kept, as papers that zero them
            without rescaling do at test time.
        stochastic: whether anything is drawn at random, so that two passes differ.
        learns: whether the rate is learned from where it starts; see :mod:`dropout_lab.dropout.learned_rate`.
        passes: forward passes of one training step.
        agreement: weight of the divergence between the predictions of two passes in the loss.
        options: names of further constructor arguments that a config may set.
        layout: what the module takes its input for.
    """

    kind: ClassVar[str]
    layouts: ClassVar[tuple[str, ...]] = ACTIVATION_KINDS
    needs: ClassVar[tuple[str, ...]] = ACTIVATION_KINDS
    in_sequences: ClassVar[bool] = False
    holds: ClassVar[bool] = False
    per_gate: bool = False
    at_input: ClassVar[bool] = False
    takes_input: ClassVar[bool] = True
    shared: ClassVar[Mapping[str, tuple[int, ...]]] = {}
    keeps: ClassVar[tuple[str, ...]] = ("mean",)
    fraction: ClassVar[str] = "rate"
    adaptive: ClassVar[bool] = False
    rescales: ClassVar[bool] = False
    stochastic: ClassVar[bool] = True
    learns: ClassVar[bool] = False
    passes: ClassVar[int] = 1
    agreement: float = 0.0
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

    def rectified(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        """:meth:`sample` of relu(x), which some variants can do in one go."""
        return self.sample(nn.functional.relu(x), rate, random, layout)

    def expected(self, x: Tensor, rate: Tensor | float) -> Tensor:
        """The test-time function; the identity unless the variant says otherwise."""
        return x

    def dropped(self, x: Tensor, out: Tensor, rate: Tensor | float) -> Tensor:
        """Which elements of x the noise took, a bool tensor like it: those that are zero now, or, for noise that is
        not all or nothing, those that lost more than half of their value."""
        return out == 0 if self.fraction in ("rate", "about") else out * x.sign() < x.abs() / 2

    def charge(self, before: Tensor, after: Tensor) -> Tensor | None:
        """The variant's term of the loss for the states [M, B, T, D] of the last recurrent layer, before and after the
        noise, [M]; None if it has none."""
        return None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return self.expected(x, self.rate)
        return self.sample(x, self.rate, self.random(x), self.layout)

    def random(self, x: Tensor) -> Randomness:
        """Where the module draws from, on x's device."""
        return TorchRandomness(x.device, self.generator)

    def extra_repr(self) -> str:
        rate = self.rate.tolist() if isinstance(self.rate, Tensor) else self.rate
        return ", ".join([f"rate={rate}", *(f"{name}={getattr(self, name)}" for name in self.options)])

    def __getstate__(self) -> dict[str, object]:
        # A generator cannot be copied or pickled; the copy draws from torch's default one.
        return {**self.__dict__, "generator": None}


def mask_shape(shape: Sequence[int], shared: tuple[int, ...], rate: Tensor) -> list[int]:
    """Shape of a mask for x of this shape.

    Args:
        shared: axes from the end with one mask element for all along them, or :data:`EXAMPLE`.
        rate: as :func:`~dropout_lab.dropout.masks.per_model` gives it; with axes if x has a model axis.
    """
    if shared == EXAMPLE:
        lead = 2 if rate.dim() else 1
        return [*shape[:lead], *[1] * (len(shape) - lead)]
    return [1 if axis - len(shape) in shared else size for axis, size in enumerate(shape)]
