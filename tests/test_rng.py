"""Streams: named, independent, and the same bits in any pack."""

import numpy as np
import pytest
import torch
from scipy import stats

from dropout_lab.rng import PackRandomness, Streams, TorchRandomness

CPU = torch.device("cpu")


def draws(pack, shape, steps=3):
    return [pack.bits(shape).clone() for _ in range(steps)]


def test_streams_are_named_and_repeatable():
    keys = {Streams(b, t).key(n) for b in (0, 1) for t in (None, 0, 1) for n in ("init/w", "order", "split")}
    assert len(keys) == 18
    again = [Streams(3, 4).generator("order").permutation(50) for _ in range(2)]
    assert (again[0] == again[1]).all()


def test_bits_are_the_same_alone_and_in_any_pack():
    alone = {seed: draws(PackRandomness([Streams(0, seed)], "dropout/h", CPU), (1, 5, 7)) for seed in (3, 4)}
    for seeds in ([3, 4], [4, 3, 4], [9, 4, 3]):
        together = draws(PackRandomness([Streams(0, s) for s in seeds], "dropout/h", CPU), (len(seeds), 5, 7))
        for step, bits in enumerate(together):
            for place, seed in enumerate(seeds):
                if seed in alone:
                    assert torch.equal(bits[place], alone[seed][step][0])


def test_bits_go_on_when_models_leave():
    alone = draws(PackRandomness([Streams(0, 2)], "dropout/h", CPU), (1, 33))
    pack = PackRandomness([Streams(0, s) for s in (1, 2, 2, 5)], "dropout/h", CPU)
    pack.bits((4, 33))
    pack = pack.select([2])
    assert torch.equal(pack.bits((1, 33))[0], alone[1][0])
    assert torch.equal(pack.bits((1, 33))[0], alone[2][0])


def test_sites_have_streams_of_their_own():
    a, b = (PackRandomness([Streams(0, 0)], f"dropout/{site}", CPU).bits((1, 1000)) for site in ("h0", "h1"))
    assert not torch.equal(a, b)


@pytest.mark.parametrize("make", ["pack", "torch"])
def test_bits_are_uniform(make):
    source = PackRandomness([Streams(0, 0)], "u", CPU) if make == "pack" else TorchRandomness(generator=seeded(0))
    bits = source.bits((1, 2**18)).numpy().astype(np.int64).ravel() + 2**15
    assert bits.min() >= 0
    assert bits.max() < 2**16
    # Fixed seeds: these hold or fail once and for all; a right generator fails a new seed once in 10^4.
    assert stats.chisquare(np.bincount(bits >> 6, minlength=1024)).pvalue > 1e-4
    assert stats.chisquare(np.bincount(bits & 63, minlength=64)).pvalue > 1e-4
    neighbours = np.corrcoef(bits[:-1], bits[1:])[0, 1]
    assert abs(neighbours) < 4 / np.sqrt(bits.size)


def seeded(seed):
    return torch.Generator().manual_seed(seed)
