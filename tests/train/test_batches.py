"""Divisions: who sees what."""

import numpy as np
import pytest
import torch

from dropout_lab.config import DataConf
from dropout_lab.data import Dataset, load
from dropout_lab.rng import Streams
from dropout_lab.train.batches import Batches
from dropout_lab.train.splits import hold_out, make_splits

CPU = torch.device("cpu")


@pytest.mark.parametrize("name", ["digits", "wine", "diabetes"])
def test_parts_are_a_partition(name):
    dataset = load(name)
    parts = make_splits(dataset, DataConf(kind=name), Streams(0, 0))
    rows = np.concatenate(list(parts.values()))
    assert sorted(rows) == list(range(len(dataset.x)))


def test_the_test_part_depends_on_the_base_seed_alone():
    dataset, conf = load("digits"), DataConf()
    tests = [make_splits(dataset, conf, Streams(0, seed))["test"] for seed in range(4)]
    assert all((t == tests[0]).all() for t in tests)
    assert (make_splits(dataset, conf, Streams(1, 0))["test"] != tests[0]).any()
    train = [make_splits(dataset, conf, Streams(0, seed))["train"] for seed in range(2)]
    assert (train[0] != train[1]).any()
    assert not set(np.concatenate(train)) & set(tests[0])


def test_an_official_test_part_is_kept():
    official = np.arange(10, 30)
    dataset = Dataset("x", "regression", np.zeros((100, 2), np.float32), np.zeros(100, np.float32), test=official)
    parts = make_splits(dataset, DataConf(), Streams(0, 3))
    assert (parts["test"] == official).all()
    assert len(parts["train"]) == 64


def test_classes_are_held_out_in_proportion():
    classes = np.repeat([0, 1, 2], [500, 300, 9])
    rows = np.arange(1000, 1809)
    _, held = hold_out(rows, 0.2, np.random.default_rng(0), classes)
    counts = np.bincount(classes[held - 1000])
    assert len(held) == 162
    assert abs(counts - np.array([100, 60, 1.8])).max() <= 1


def test_every_row_can_be_held_out():
    rows, classes = np.arange(60), np.repeat([0, 1], 30)
    seen = {r for seed in range(60) for r in hold_out(rows, 0.2, np.random.default_rng(seed), classes)[1]}
    assert seen == set(range(60))


def test_an_empty_part_is_refused():
    with pytest.raises(ValueError, match="data=wine leaves no example for the val split"):
        make_splits(load("wine"), DataConf(kind="wine", val_fraction=0.001), Streams(0, 0))


def test_statistics_come_from_each_trials_own_training_part():
    dataset = load("wine")
    feed = Batches(dataset, DataConf(kind="wine", normalise="zscore"), [Streams(0, 0), Streams(0, 1)], CPU)
    x, y = feed.fetch(feed.index["train"])
    assert torch.allclose(x.mean(1), torch.zeros(2, 13), atol=1e-5)
    assert torch.allclose(x.std(1, unbiased=False), torch.ones(2, 13), atol=1e-5)
    assert y.dtype == torch.int64
    held, _ = feed.fetch(feed.index["test"])
    assert held.mean(1).abs().max() > 0.01


def test_a_constant_feature_is_no_division_by_zero():
    x = np.ones((50, 3), np.float32)
    dataset = Dataset("x", "regression", x, np.linspace(0, 1, 50, dtype=np.float32))
    feed = Batches(dataset, DataConf(normalise="zscore"), [Streams(0, 0)], CPU)
    assert torch.equal(feed.fetch(feed.index["train"])[0], torch.zeros(1, 32, 3))


def test_an_epoch_visits_every_training_row_once_in_a_new_order():
    feed = Batches(load("digits"), DataConf(), [Streams(0, 0), Streams(0, 1)], CPU)
    first, second = (feed.epoch(100) for _ in range(2))
    assert [b.shape[1] for b in first] == [100] * 11 + [50]
    for m in range(2):
        for epoch in (first, second):
            assert sorted(torch.cat([b[m] for b in epoch]).tolist()) == feed.index["train"][m].tolist()
    assert not torch.equal(first[0], second[0])


def test_images_are_scaled_and_whole():
    digits = load("digits")
    assert digits.x.shape == (1797, 1, 8, 8)
    assert digits.x.min() == 0
    assert digits.x.max() == 1
    assert np.bincount(digits.y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_a_last_batch_of_one_joins_the_batch_before_it():
    feed = Batches(load("digits"), DataConf(train_size=65), [Streams(0, 0), Streams(0, 1)], CPU)
    (only,) = feed.epoch(64)
    assert only.shape == (2, 65)
    assert [len(rows[0]) for rows in feed.epoch(32)] == [32, 33]
    assert [len(rows[0]) for rows in feed.epoch(1)] == [1] * 65
    for batches in (feed.epoch(64), feed.epoch(16)):
        seen = torch.cat(list(batches), dim=1)
        assert all(sorted(seen[m].tolist()) == sorted(feed.index["train"][m].tolist()) for m in range(2))
