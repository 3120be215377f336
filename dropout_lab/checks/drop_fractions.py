"""Check that each variant drops the fraction of elements that its rate says."""

from collections.abc import Sequence
from pathlib import Path

import torch
from scipy.stats import binom
from torch import Tensor

from dropout_lab.checks.figure import Figure
from dropout_lab.dropout import (
    ATTENTION,
    CANDIDATES,
    MAPS,
    MEMORY_CELLS,
    PATHS,
    RECURRENT,
    STATES,
    STEPS,
    UNITS,
    VARIANTS,
    WEIGHTS,
    WORDS,
    Dropout,
)
from dropout_lab.dropout.kernels.linear_maps import DENSE_MAP
from dropout_lab.dropout.weight_dropout import WeightDropout
from dropout_lab.process_settings import use_threads
from dropout_lab.rng import PackRandomness, Streams

RATES = (0.0, 0.1, 0.3, 0.6, 1.0)
# Shape of the tensor of one model at each site kind.
SHAPES = {
    UNITS: (500, 100),
    MAPS: (100, 20, 8, 8),
    STEPS: (200, 9, 40),
    PATHS: (20000, 2, 2),
    ATTENTION: (200, 4, 10, 10),
    WEIGHTS: (100, 80),
    RECURRENT: (200, 100),
    WORDS: (50, 20, 200),
    STATES: (200, 9, 40),
    CANDIDATES: (200, 9, 40),
    MEMORY_CELLS: (200, 9, 40),
}
# Probability that a correct variant falls outside its binomial interval. About 150 intervals are tested.
OUTSIDE = 1e-7
# Variants that replace dropped elements by a value other than zero, which is independent of the element.
REPLACING = ("alpha", "feature_alpha")
# Variants whose fraction is not binomial: squares overlap and are cut at the border, thresholds depend on the input.
ABOUT = (0.3, 1.0, 0.01)  # bounds as multiples of the rate, and an absolute allowance above
SOFT = 0.02  # distance from the rate, for masks that are nearly and not exactly zero


class CountedRandomness(PackRandomness):
    """Randomness of a pack that counts the elements drawn for each model."""

    drawn = 0

    def bits(self, shape: Sequence[int]) -> Tensor:
        """Return int16 bits [M, ...]."""
        self.drawn += torch.Size(shape[1:]).numel()
        return super().bits(shape)


def check_drop_fractions(folder: Path) -> list[Figure]:
    """Measure the drop fraction of every variant at every kind of site where it acts."""
    cpu = torch.device("cpu")
    places = [(kind, layout) for kind, variant in VARIANTS.items() for layout in variant.layouts]
    with use_threads(1):
        return [figure for place in places for figure in measure_drop_fraction(*place, cpu)]


def measure_drop_fraction(kind: str, layout: str, device: torch.device) -> list[Figure]:
    """Measure the drop fraction of one variant in a pack with one model per rate of :data:`RATES`.

    Args:
        kind: name of the variant.
        layout: site kind.
        device: device of the tensors.
    """
    variant, rates = VARIANTS[kind](0.0), torch.tensor(RATES, device=device)
    streams = [Streams(0, seed) for seed in range(len(RATES))]
    generator = torch.Generator().manual_seed(0)
    x = (torch.rand((len(RATES), *SHAPES[layout]), generator=generator) + 0.5).to(device)  # no element is 0
    random = CountedRandomness(streams, "check", device)
    with torch.no_grad():
        out = apply_variant(variant, x, rates, random, layout)
        if variant.zeroing == "none":
            # With the same random numbers, a dropped element has the same value whatever it was.
            again = apply_variant(variant, x + 1, rates, CountedRandomness(streams, "check", device), layout)
            dropped = out == again
        else:
            dropped = variant.dropped(x, out, rates) if variant.zeroing == "soft" else out == 0
    fractions = dropped.flatten(1).double().mean(1).tolist()
    elements = min(random.drawn, x[0].numel())
    name = f"{kind} at {layout}"
    return [
        Figure(f"{name}, rate {rate:g}", fraction, *fraction_bounds(variant, rate, elements))
        for rate, fraction in zip(RATES, fractions, strict=True)
    ]


def apply_variant(variant: Dropout, x: Tensor, rates: Tensor, random: PackRandomness, layout: str) -> Tensor:
    """Apply the training form of a variant to x [M, ...]; of a variant on weights, return the noisy weights."""
    if not isinstance(variant, WeightDropout):
        return variant.sample(x, rates, random, layout)
    identity = torch.eye(x.shape[1], device=x.device).expand(len(x), -1, -1)
    return variant.product(DENSE_MAP, identity, x, None, rates, random)


def fraction_bounds(variant: Dropout, rate: float, elements: int) -> tuple[float, float]:
    """Return the bounds of the drop fraction.

    Args:
        variant: the variant.
        rate: its rate.
        elements: number of independent elements of the mask.
    """
    if rate in (0.0, 1.0):
        return rate, rate
    if variant.zeroing == "none" and variant.kind not in REPLACING:
        return 0.0, 0.0
    if variant.zeroing == "soft":
        return rate - SOFT, rate + SOFT
    if variant.zeroing == "about":
        low, high, above = ABOUT
        return low * rate, high * rate + above
    low, high = binom.interval(1 - OUTSIDE, elements, rate)
    return float(low) / elements, float(high) / elements
