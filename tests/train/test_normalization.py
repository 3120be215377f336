"""Normalisation: from the training part, by feature or channel."""

import numpy as np
import pytest
import torch

from dropout_lab.config import DataConf
from dropout_lab.data import Dataset
from dropout_lab.rng import Streams
from dropout_lab.train import normalization as scaling
from dropout_lab.train.batches import Batches

CPU = torch.device("cpu")
RANDOM = np.random.default_rng(3)
IMAGES = RANDOM.integers(0, 256, (90, 2, 4, 5), dtype=np.uint8)
IMAGES[:, 1] //= 3
TABLE = (RANDOM.normal(size=(90, 3)) * [1, 10, 1e-2] + [0, -5, 200]).astype(np.float32)


def feed_of(x, y, kind, classes=()):
    task = "classification" if classes else "regression"
    dataset = Dataset("x", task, x, y, classes, test=np.arange(70, 90))
    return Batches(dataset, DataConf(normalise=kind), [Streams(0, 0), Streams(0, 1)], CPU)


@pytest.mark.parametrize("rows", [7, 4096])
@pytest.mark.parametrize("kind", ["zscore", "unit"])
def test_images_by_channel(kind, rows, monkeypatch):
    monkeypatch.setattr(scaling, "ROWS", rows)
    feed = feed_of(IMAGES, np.arange(90) % 2, kind, ("a", "b"))
    plain = IMAGES / 255
    for m in range(2):
        train = plain[feed.index["train"][m].numpy()]
        low = train.mean((0, 2, 3)) if kind == "zscore" else train.min((0, 2, 3))
        span = train.std((0, 2, 3)) if kind == "zscore" else np.ptp(train, (0, 2, 3))
        for part in ("train", "val", "test"):
            x, _ = feed.fetch(feed.index[part])
            wanted = (plain[feed.index[part][m].numpy()] - low[:, None, None]) / span[:, None, None]
            assert np.allclose(x[m], wanted, atol=1e-5)


@pytest.mark.parametrize("kind", ["zscore", "unit"])
def test_tables_by_feature_and_the_target_like_a_feature(kind):
    y = (TABLE[:, 0] * 50 + 300).astype(np.float32)
    feed = feed_of(TABLE, y, kind)
    for m in range(2):
        rows = feed.index["train"][m].numpy()
        values = np.column_stack([TABLE, y]).astype(float)
        train = values[rows]
        low = train.mean(0) if kind == "zscore" else train.min(0)
        span = train.std(0) if kind == "zscore" else np.ptp(train, 0)
        x, target = feed.fetch(feed.index["test"])
        wanted = (values[70:] - low) / span
        assert np.allclose(x[m], wanted[:, :3], atol=2e-3)  # the third is 200 +- 0.01 in single precision
        assert np.allclose(target[m], wanted[:, 3], atol=1e-5)
        assert float(feed.target_scale[m]) == pytest.approx(span[3], rel=1e-6)


def test_none_leaves_bytes_as_parts_of_one_and_targets_as_they_are():
    feed = feed_of(IMAGES, np.linspace(5, 9, 90, dtype=np.float32), "none")
    x, y = feed.fetch(feed.index["test"])
    assert torch.equal(x[0], torch.from_numpy(IMAGES[70:]).float() / 255)
    assert y[1].max() == 9
    assert feed.target_scale.tolist() == [1, 1]


def test_a_trial_alone_has_the_scale_it_has_in_a_pack():
    dataset = Dataset("x", "regression", TABLE, TABLE[:, 1].copy())
    conf = DataConf(normalise="zscore")
    both = Batches(dataset, conf, [Streams(0, 0), Streams(0, 1)], CPU)
    for m in range(2):
        alone = Batches(dataset, conf, [Streams(0, m)], CPU)
        left = both.select([m])
        for feed in (alone, left):
            for one, packed in zip(feed.fetch(feed.index["val"]), both.fetch(both.index["val"]), strict=True):
                assert torch.equal(one[0], packed[m])


def test_a_feature_too_small_for_float32_is_refused():
    table = np.column_stack([TABLE[:, 0], np.arange(90) * 1e-60])
    with pytest.raises(ValueError, match="feature 1: its values differ in digits beyond single precision"):
        feed_of(table, TABLE[:, 1].astype(float), "zscore")
