"""Drop masks and noise computed from raw random bits, 16 bits per element."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from dropout_lab.dropout.kernels.torch_private import relu_backward_, tensor_version
from dropout_lab.rng import LEVELS


def per_model(rate: Tensor | float, x: Tensor, wide: bool = False) -> Tensor:
    """Reshape the rate so that it broadcasts over x.

    Args:
        rate: a number, one rate per model [M], or a tensor that already broadcasts over x.
        x: [M, ...] if the rate is [M].
        wide: whether to use at least float32, for computations in which half precision is too coarse.

    Returns:
        tensor on the device of x and of its dtype (at least float32 if ``wide``): [M, 1, ..., 1] for a rate [M], else
        of unchanged shape.
    """
    dtype = torch.promote_types(x.dtype, torch.float32) if wide else x.dtype
    rate = torch.as_tensor(rate, dtype=dtype, device=x.device)
    return rate.view(-1, *[1] * (x.dim() - 1)) if rate.dim() == 1 else rate


def keep_mask(bits: Tensor, rate: Tensor) -> Tensor:
    """Return a mask that keeps each element with probability 1 - rate, rounded to a multiple of 1/65536.

    Args:
        bits: int16, uniform over its whole range.
        rate: drop probability in [0, 1]; broadcasts over bits.

    Returns:
        bool tensor of the broadcast shape, true where an element is kept. At rate 0 all elements are kept. At rate 1
        one element in 65,536 is still kept, so the caller must zero the result at rate 1 by its scale factor.
    """
    return bits >= _threshold(rate)


def mask_factor(bits: Tensor, rate: Tensor | float, like: Tensor, rescaled: bool) -> Tensor:
    """Return the mask of :func:`keep_mask` as a factor that is 0 for dropped elements, and everywhere at rate 1.

    Args:
        bits: as for :func:`keep_mask`.
        rate: a number, or one rate per model [M] for ``like`` [M, ...].
        like: tensor that the factor will multiply.
        rescaled: whether the factor of kept elements is 1 / keep probability, as in inverted dropout, instead of 1.

    Returns:
        tensor of the shape of ``bits`` and the dtype of ``like``.
    """
    cut = _cut_of(rate, like)
    # Write the comparison directly as floats: converting a bool mask costs more than creating it.
    mask = torch.ge(bits, cut.threshold, out=torch.empty_like(bits, dtype=like.dtype))
    gain = cut.gain if rescaled else cut.below
    return mask if gain is None else mask.mul_(gain)


def apply_mask(x: Tensor, factor: Tensor) -> Tensor:
    """Return x * factor.

    Args:
        x: [...], or a tensor that broadcasts to the shape of ``factor``.
        factor: [...], without a gradient. It is overwritten while gradients are disabled, because allocating memory
            costs more than the product.
    """
    return x * factor if torch.is_grad_enabled() else factor.mul_(x)


def relu_dropout(x: Tensor, factor: Tensor) -> Tensor:
    """Return relu(x) * factor, computed as one product whose gradient is one product as well.

    Args:
        x: [...].
        factor: tensor of the same shape, without a gradient; overwritten.
    """
    with torch.no_grad():
        slope = relu_backward_(factor, x)  # derivative of the ReLU times the factor
    return apply_mask(x, slope)


class _Cut(NamedTuple):
    """Constants derived from a rate; see :func:`keep_mask` and :func:`rescale_factor`.

    ``below`` is 0 where the rate is 1 and 1 elsewhere, or None if no rate is 1.
    """

    threshold: Tensor
    gain: Tensor
    below: Tensor | None


# A rate is the same object in every step, and computing its constants takes longer than drawing a small mask.
_cuts = WeakTensorKeyDictionary()


def _cut_of(rate: Tensor | float, like: Tensor) -> _Cut:
    """Return the cached constants of a rate, shaped to broadcast over ``like``."""
    if not isinstance(rate, Tensor) or torch.compiler.is_compiling():
        return _cut(per_model(rate, like))
    version = tensor_version(rate)  # detects a rate that was changed in place
    if version is None:
        return _cut(per_model(rate, like))
    key = (like.dim(), like.dtype, like.device, version)
    cuts = _cuts.setdefault(rate, {})
    if key not in cuts:
        cuts[key] = _cut(per_model(rate, like))
    return cuts[key]


def _cut(rate: Tensor) -> _Cut:
    below = rate < 1
    # On a device, a product with ones costs less than to wait for the values of the rates.
    known = rate.device.type == "cpu" and bool(below.all())
    return _Cut(_threshold(rate), rescale_factor(rate), None if known else below.to(rate.dtype))


def _threshold(rate: Tensor) -> Tensor:
    """Return the smallest int16 value of the bits that is kept."""
    return (_level(rate) - LEVELS // 2).to(torch.int16)


def _level(rate: Tensor) -> Tensor:
    """Return how many of the 65,536 values of the bits are dropped; at least one value is always kept."""
    return (rate.double() * LEVELS).round_().clamp_(0, LEVELS - 1)


def keep_probability(rate: Tensor) -> Tensor:
    """Return the exact keep probability of :func:`keep_mask`, or 0 at rate 1, in the dtype of the rate."""
    return torch.where(rate < 1, 1 - _level(rate) / LEVELS, 0).to(rate.dtype)


def rescale_factor(rate: Tensor) -> Tensor:
    """Return 1 / keep probability, or 0 at rate 1, where no element is kept."""
    return torch.where(rate < 1, 1 / keep_probability(rate), 0)


def noise_variance(rate: Tensor) -> Tensor:
    """Return the variance rate / (1 - rate) of an inverted mask, which other noise is matched to; 0 at rate 1."""
    below = rate < 1
    return torch.where(below, rate / torch.where(below, 1 - rate, 1), 0)  # a division by 0 would make the gradient NaN


def noise_std(rate: Tensor) -> Tensor:
    """Return the standard deviation of an inverted mask, the square root of :func:`noise_variance`."""
    return noise_variance(rate).sqrt()


def sample_uniform(bits: Tensor, like: Tensor) -> Tensor:
    """Return uniform numbers in (0, 1), the midpoints of 65,536 equal cells, in the dtype of ``like``."""
    return (bits.to(torch.float32).add_(LEVELS // 2 + 0.5) / LEVELS).to(like.dtype)


def sample_normal(bits: Tensor, like: Tensor) -> Tensor:
    """Return standard normal numbers: the normal quantile function at the midpoints of 65,536 equal cells.

    The largest absolute value is 4.3. The mean is exactly 0 and the variance is 1 to within 1e-5.
    """
    return _quantiles(bits.device).to(like.dtype)[bits.long() + LEVELS // 2]


# A dictionary instead of functools.cache, which torch.compile would trace through with a warning.
_tables: dict[torch.device, Tensor] = {}


def _quantiles(device: torch.device) -> Tensor:
    if device not in _tables:
        cells = (torch.arange(LEVELS, dtype=torch.float64) + 0.5) / LEVELS
        _tables[device] = torch.special.ndtri(cells).float().to(device)
    return _tables[device]
