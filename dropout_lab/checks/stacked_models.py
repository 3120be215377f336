"""Check that a trial gives the same result in a pack as alone."""

from collections.abc import Iterable, Iterator, Sequence
from math import inf
from pathlib import Path

import torch
from torch import Tensor

from dropout_lab.checks.figure import Figure, error_figure
from dropout_lab.checks.trials import compose_trials
from dropout_lab.data import load
from dropout_lab.process_settings import flush_denormals, use_threads
from dropout_lab.train.pack import Pack

MODELS = {
    "mlp": ["model=mlp", "model.hidden=[16,12]", "input_rate=0.1"],
    "cnn": ["model=cnn", "model.channels=[4,6]", "model.head=[8]"],
    "lstm": ["model=lstm", "model.units=12"],
    "transformer": ["model=transformer", "model.width=8", "model.heads=2", "model.blocks=1", "model.patch=4"],
}
ARMS = ["variant=inverted", "rate=0,0.3", "seeds=2", "train.lr=0.003,0.01", "train.batch_size=64"]
STEPS = 20
# Stacked products may round in another order than single ones. The differences were at most 7e-7 where this bound was
# set; a weight changes by about 0.1 in the same steps.
MOVED = 0.01  # smallest allowed value of the largest change of a weight: training must do something
TOLERANCE = 1e-4


def check_stacked_models(folder: Path) -> list[Figure]:
    """Train packs, and each of their trials alone."""
    with use_threads(1), flush_denormals():
        return [figure for model in MODELS for figure in compare_pack(model)]


def compare_pack(model: str) -> Iterator[Figure]:
    """Compare a pack with its trials alone.

    Initial weights, order of the examples and drop masks must be equal to the bit; weights after training are equal up
    to rounding.
    """
    trials = compose_trials([*MODELS[model], *ARMS])
    pack, different = Pack(trials, load("digits")), 0
    differences: list[Tensor] = []
    moves: list[Tensor] = []
    singles = [Pack([trial], load("digits")) for trial in trials]
    start = _weights(pack, range(len(trials)))
    for place, single in enumerate(singles):
        different += _count_different(_weights(single, [0]), [part[place : place + 1] for part in start])
    batches, bits = _train(pack), _next_bits(pack)
    for place, single in enumerate(singles):
        different += _count_different(_train(single), [rows[place : place + 1] for rows in batches])
        alone = _next_bits(single)
        different += _count_different(alone.values(), [bits[site][place : place + 1] for site in alone])
    for place, single in enumerate(singles):
        for weight, stacked, first in zip(_weights(single, [0]), _weights(pack, [place]), start, strict=True):
            differences.append((weight - stacked).abs().max())
            moves.append((stacked - first[place]).abs().max())
    yield Figure(f"{model}, different bits of start, order and masks", different, 0, 0)
    yield error_figure(
        f"{model}, difference of weights after {STEPS} steps", torch.stack(differences).max().item(), TOLERANCE
    )
    yield Figure(f"{model}, largest change of a weight", torch.stack(moves).max().item(), MOVED, inf)


def _train(pack: Pack) -> list[Tensor]:
    """Train for :data:`STEPS` steps and return the rows of the batches."""
    batches: list[Tensor] = []
    while len(batches) < STEPS:
        for rows in pack.begin(1)[: STEPS - len(batches)]:
            pack.step(rows)
            batches.append(rows)
    return batches


def _weights(pack: Pack, models: Sequence[int]) -> list[Tensor]:
    return [p.detach()[list(models)].clone() for p in pack.params.values()]


def _next_bits(pack: Pack) -> dict[str, Tensor]:
    """Return the next random bits [M, 64] of each site at which the pack drops; they show how many were used before."""
    return {site: random.bits((len(pack.rates), 64)) for site, random in pack.noise.random.items()}


def _count_different(first: Iterable[Tensor], second: Iterable[Tensor]) -> int:
    """Return the number of elements that differ in any bit."""
    return sum(int((a != b).sum()) for a, b in zip(first, second, strict=True))
