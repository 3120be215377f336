"""The size of the test part, and what a constant prediction scores there."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from dropout_lab.data import Dataset, load
from dropout_lab.rng import Streams
from dropout_lab.train.loop import train_pack
from dropout_lab.train.splits import make_splits, noisy_labels


def imbalanced():
    random = np.random.default_rng(0)
    y = (np.arange(400) % 40 < 3).astype(np.int64)
    x = random.normal(size=(400, 5)).astype(np.float32)
    return Dataset("imbalanced", "classification", x, y, ("0", "1"))


@pytest.mark.parametrize("noise", ["0", "0.9"])
def test_the_majority_is_that_of_the_training_labels(trials, noise):
    dataset = imbalanced()
    made = trials("seeds=3", "train.epochs=1", f"data.label_noise={noise}", "model.hidden=[4]")
    results = train_pack(made, dataset)
    for trial, result in zip(made, results, strict=True):
        conf, streams = trial.config.data, Streams(trial.config.base_seed, trial.seed)
        parts = make_splits(dataset, conf, streams)
        labels = noisy_labels(dataset, conf, streams, parts["train"])
        dummy = DummyClassifier(strategy="most_frequent").fit(dataset.x[parts["train"]], labels[parts["train"]])
        expected = dummy.score(dataset.x[parts["test"]], dataset.y[parts["test"]])
        assert result.measured["majority_accuracy"] == expected
        assert result.measured["n_test"] == len(parts["test"])
    assert (results[0].measured["majority_accuracy"] > 0.5) == (noise == "0")


def test_a_regression_has_no_classes(trials):
    (result,) = train_pack(trials("data=diabetes", "seeds=1", "train.epochs=1"), load("diabetes"))
    assert result.measured["n_test"] == 88
    assert "majority_accuracy" not in result.measured


def test_a_trial_that_does_not_read_the_test_part_does_not_count_it(trials):
    (result,) = train_pack(trials("seeds=1", "train.epochs=1", "evaluate_test=false"), load("digits"))
    assert not {"n_test", "majority_accuracy", "test_accuracy"} & set(result.measured)
