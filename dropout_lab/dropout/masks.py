"""Masks and noise from raw random bits: every variant draws 16 of them an element."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from dropout_lab.rng import LEVELS


def per_model(rate: Tensor | float, x: Tensor, wide: bool = False) -> Tensor:
    """The rate shaped to broadcast over x.

    Args:
        rate: a number, or one per model [M], or one already shaped for x.
        x: [M, ...] if the rate is [M].
        wide: whether half precision is too coarse for what is to be computed.

    Returns:
        a tensor of x's dtype (of float32 if that is asked for and wider) and device, [M, 1, ..., 1], scalar or as it
        was.
    """
    dtype = torch.promote_types(x.dtype, torch.float32) if wide else x.dtype
    rate = torch.as_tensor(rate, dtype=dtype, device=x.device)
    return rate.view(-1, *[1] * (x.dim() - 1)) if rate.dim() == 1 else rate


def keep_mask(bits: Tensor, rate: Tensor) -> Tensor:
    """Which elements are kept, each with probability 1 - rate to the next 1/65536.

    Args:
        bits: int16, uniform over its whole range.
        rate: drop probability in [0, 1], broadcasting over bits.

    Returns:
        bool, of the broadcast shape. At rate 0 all are kept; at rate 1 one in 65,536 still is, so that the caller's
        scale, not the mask, must make rate 1 zero.
    """
    return bits >= _threshold(rate)


def mask_factor(bits: Tensor, rate: Tensor | float, like: Tensor, rescaled: bool) -> Tensor:
    """The mask of :func:`keep_mask` as a factor: 0 for what is dropped and everywhere at rate 1.

    Args:
        bits: as for :func:`keep_mask`.
        rate: a number, or one per model [M] for ``like`` [M, ...].
        like: what is to be multiplied.
        rescaled: whether what is kept gets 1 over the probability to be kept, as in inverted dropout, and not 1.

    Returns:
        of the shape of the bits and the dtype of ``like``.
    """
    cut = _cut_of(rate, like)
    # The comparison writes numbers at once: a mask of type bool costs more to convert than to make.
    mask = torch.ge(bits, cut.threshold, out=torch.empty_like(bits, dtype=like.dtype))
    gain = cut.gain if rescaled else cut.below
    return mask if gain is None else mask.mul_(gain)


def apply_mask(x: Tensor, factor: Tensor) -> Tensor:
    """x * factor.

    Args:
        x: [...], or what broadcasts to it.
        factor: [...], without a gradient; overwritten where none is asked for, since fresh memory costs more than the
            product.
    """
    return x * factor if torch.is_grad_enabled() else factor.mul_(x)


def relu_dropout(x: Tensor, factor: Tensor) -> Tensor:
    """relu(x) * factor in a single product, whose gradient is a single product as well.

    Args:
        x: [...].
        factor: of the same shape, without a gradient; overwritten.
    """
    with torch.no_grad():
        # The slope of the ReLU times the factor; torch has no faster way to say "where x is positive".
        slope = torch.ops.aten.threshold_backward.grad_input(factor, x, 0, grad_input=factor)
    return apply_mask(x, slope)


class _Cut(NamedTuple):
    """Constants of a rate, see :func:`keep_mask` and :func:`rescale_factor`; ``below`` is 0 where the rate is 1, None
    if there is no such rate."""

    threshold: Tensor
    gain: Tensor
    below: Tensor | None


# Rates stay the same objects from step to step, and what follows from them takes longer to find than a small mask.
_cuts = WeakTensorKeyDictionary()


def _cut_of(rate: Tensor | float, like: Tensor) -> _Cut:
    """What follows from a rate, shaped to broadcast over ``like``."""
    if not isinstance(rate, Tensor) or torch.compiler.is_compiling():
        return _cut(per_model(rate, like))
    # A rate that was changed in place is another rate.
    key = (like.dim(), like.dtype, like.device, rate._version)
    found = _cuts.setdefault(rate, {})
    if key not in found:
        found[key] = _cut(per_model(rate, like))
    return found[key]


def _cut(rate: Tensor) -> _Cut:
    below = rate < 1
    return _Cut(_threshold(rate), rescale_factor(rate), None if bool(below.all()) else below.to(rate.dtype))


def _threshold(rate: Tensor) -> Tensor:
    """The least bits that are kept, int16."""
    return (_level(rate) - LEVELS // 2).to(torch.int16)


def _level(rate: Tensor) -> Tensor:
    """How many of the 65,536 values of the bits are dropped; one is always left."""
    return (rate.double() * LEVELS).round_().clamp_(0, LEVELS - 1)


def keep_probability(rate: Tensor) -> Tensor:
    """The probability to be kept, exactly as :func:`keep_mask` keeps, and 0 at rate 1; of the rate's dtype."""
    return torch.where(rate < 1, 1 - _level(rate) / LEVELS, 0).to(rate.dtype)


def rescale_factor(rate: Tensor) -> Tensor:
    """1 over the probability to be kept, and 0 at rate 1, where nothing is left to rescale."""
    return torch.where(rate < 1, 1 / keep_probability(rate), 0)


def noise_variance(rate: Tensor) -> Tensor:
    """Variance rate / (1 - rate) of an inverted mask, which other noise is matched to; 0 at rate 1."""
    below = rate < 1
    return torch.where(below, rate / torch.where(below, 1 - rate, 1), 0)  # no division by 0, whose slope is no number


def noise_std(rate: Tensor) -> Tensor:
    """Standard deviation of an inverted mask, the root of :func:`noise_variance`."""
    return noise_variance(rate).sqrt()


def sample_uniform(bits: Tensor, like: Tensor) -> Tensor:
    """Numbers uniform in (0, 1), in the middle of 65,536 cells, of the dtype of ``like``."""
    return (bits.to(torch.float32).add_(LEVELS // 2 + 0.5) / LEVELS).to(like.dtype)


def sample_normal(bits: Tensor, like: Tensor) -> Tensor:
    """Standard normal numbers by the inverse distribution function at the middle of 65,536 cells.

    They reach 4.3 standard deviations; mean 0 exactly, variance 1 to within 1e-5.
    """
    return _quantiles(bits.device).to(like.dtype)[bits.long() + LEVELS // 2]


# A dictionary and no functools.cache, which torch.compile would trace through with a warning.
_tables: dict[torch.device, Tensor] = {}


def _quantiles(device: torch.device) -> Tensor:
    if device not in _tables:
        cells = (torch.arange(LEVELS, dtype=torch.float64) + 0.5) / LEVELS
        _tables[device] = torch.special.ndtri(cells).float().to(device)
    return _tables[device]
