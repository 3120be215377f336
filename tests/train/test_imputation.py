"""Missing cells of tables are filled from the training split alone, and digits are not lost unnoticed."""

import numpy as np
import pytest
import torch

from dropout_lab.config import DataConf
from dropout_lab.data import Dataset
from dropout_lab.rng import Streams
from dropout_lab.train.batches import Batches
from dropout_lab.train.splits import make_splits, refuse_settings, smallest_class_size

CPU = torch.device("cpu")
NAN = np.nan
N = 200
RANDOM = np.random.default_rng(5)
WORDS = RANDOM.integers(0, 3, N)


def table(holes=True):
    """Two columns of numbers and one of three words, 240 rows."""
    x = np.column_stack([RANDOM.normal(1.7e12, 3e4, N), RANDOM.exponential(2.0, N), np.eye(3)[WORDS]])
    if holes:
        x[RANDOM.random(N) < 0.2, 0] = NAN
        x[RANDOM.random(N) < 0.2, 1] = NAN
        x[RANDOM.random(N) < 0.2, 2:] = NAN
    return x


X = table()
Y = RANDOM.normal(size=N)


def dataset(x=X, y=Y, **fields):
    return Dataset("file", "regression", x, y, columns=("a", "b", "s", "s", "s"), test=np.arange(150, N), **fields)


def feed_of(data, missing, normalise="zscore", seeds=(0, 1)):
    conf = DataConf(kind="file", missing=missing, normalise=normalise)
    return Batches(data, conf, [Streams(0, seed) for seed in seeds], CPU)


def filled(x, rows, missing):
    """The plain reference: fill by column, words by the most frequent one, from the rows of the training split."""
    x = x.copy()
    for i in (0, 1):
        cells = x[rows, i][~np.isnan(x[rows, i])]
        x[np.isnan(x[:, i]), i] = cells.mean() if missing == "mean" else np.median(cells)
    most = np.argmax(np.nansum(x[rows, 2:], axis=0))
    x[np.isnan(x[:, 2]), 2:] = np.eye(3)[most]
    return x


@pytest.mark.parametrize("missing", ["mean", "median"])
@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_cells_are_filled_before_scaling(missing, part):
    feed = feed_of(dataset(), missing)
    for m in range(2):
        train = feed.index["train"][m].numpy()
        plain = filled(X, train, missing)
        wanted = (plain - plain[train].mean(0)) / plain[train].std(0)
        found = feed.fetch(feed.index[part])[0][m].numpy()
        assert np.allclose(found, wanted[feed.index[part][m].numpy()], atol=2e-5)


def test_without_normalisation_cells_are_filled_too():
    x = X.copy()
    x[:, 0] -= 1.7e12
    feed = feed_of(dataset(x), "median", "none")
    wanted = filled(x, feed.index["train"][1].numpy(), "median")[feed.index["test"][1].numpy()]
    assert np.allclose(feed.fetch(feed.index["test"])[0][1].numpy(), wanted, rtol=1e-6)


@pytest.mark.parametrize("missing", ["mean", "median"])
def test_the_test_split_has_no_influence(missing):
    other = X.copy()
    other[150:, :2] = other[150:, :2] * 3 + 7
    other[150:, 2:] = [0, 0, 1]
    other[150:170, 1] = NAN
    feeds = [feed_of(dataset(x), missing) for x in (X, other)]
    for part in ("train", "val"):
        one, two = (feed.fetch(feed.index[part])[0] for feed in feeds)
        assert torch.allclose(one, two, atol=1e-5)


def test_a_trial_alone_is_filled_as_in_a_pack():
    both = feed_of(dataset(), "mean")
    for m in range(2):
        alone = feed_of(dataset(), "mean", seeds=(m,))
        for feed in (alone, both.select([m])):
            assert torch.equal(feed.fetch(feed.index["val"])[0][0], both.fetch(both.index["val"])[0][m])


def test_what_changes_examples_sees_no_hole():
    feed = feed_of(dataset(), "mean")
    seen = []
    feed.batch(feed.index["train"], lambda x: seen.append(x) or x)
    assert torch.isfinite(seen[0]).all()


def test_a_column_without_a_value_in_the_training_part_is_named():
    x = X.copy()
    x[:150, 1] = NAN
    with pytest.raises(ValueError, match="data=file leaves no value of column 'b' in the training split"):
        feed_of(dataset(x), "mean")
    x[3, 1] = 4.0
    data, conf = dataset(x), DataConf(kind="file", missing="mean")
    counts = []
    for seed in range(12):
        try:
            counts.append(smallest_class_size(data, make_splits(data, conf, Streams(0, seed))["train"]))
        except ValueError:
            counts.append(0)
    assert set(counts) == {0, 1}, "it depends on the seed, and so each seed must be tried"


def test_an_autoencoder_takes_no_holes():
    with pytest.raises(ValueError, match=r"data\.missing=mean: data\.reconstruct=true requires unchanged examples"):
        refuse_settings(dataset(), DataConf(kind="file", missing="mean", reconstruct=True))


@pytest.mark.parametrize(
    ("x", "y", "normalise", "line"),
    [
        (
            table(False),
            Y,
            "none",
            r"column 'a': its values differ in digits beyond single precision; .*data.normalise=zscore to preserve",
        ),
        (table(False), Y, "zscore", ""),
        (table(False) - [1.7e12, 0, 0, 0, 0], Y, "none", ""),
        (
            table(False) - [1.7e12, 0, 0, 0, 0],
            Y + 1.7e9,
            "none",
            "target 'price': differs in digits .* data.normalise=",
        ),
        (table(False), Y + 1.7e9, "zscore", ""),
        (table(False) * [1e-60, 1, 1, 1, 1], Y, "zscore", "column 'a': .* give it in another unit"),
        (table(False), Y * 1e-60, "unit", "target 'price': .* give it in another unit"),
        (table(False) * [0, 1, 1, 1, 1] + [0.1, 0, 0, 0, 0], Y, "zscore", ""),  # constant
        (np.where(np.arange(N)[:, None] == 7, 0, table(False)), Y, "none", "column 'a': "),  # one cell far away
    ],
)
def test_digits_that_single_precision_does_not_have(x, y, normalise, line):
    conf = DataConf(kind="file", target="price", normalise=normalise)
    if not line:
        refuse_settings(dataset(x, y), conf)
        return
    with pytest.raises(ValueError, match=line):
        refuse_settings(dataset(x, y), conf)
