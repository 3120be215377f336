"""The size of the test part, and what a constant prediction scores there."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from dropout_lab.data import Dataset, load
from dropout_lab.streams import Streams
from dropout_lab.train.division import divide, labels_of
from dropout_lab.train.loop import train


def imbalanced():
    random = np.random.default_rng(0)
    y = (np.arange(400) % 40 < 3).astype(np.int64)
    x = random.normal(size=(400, 5)).astype(np.float32)
    return Dataset("imbalanced", "classification", x, y, ("0", "1"))


@pytest.mark.parametrize("noise", ["0", "0.9"])
def test_the_majority_is_that_of_the_training_labels(trials, noise):
    dataset = imbalanced()
    made = trials("seeds=3", "train.epochs=1", f"data.label_noise={noise}", "model.hidden=[4]")
    results = train(made, dataset)
    for trial, result in zip(made, results, strict=True):
        conf, streams = trial.config.data, Streams(trial.config.seed, trial.seed)
        parts = divide(dataset, conf, streams)
        labels = labels_of(dataset, conf, streams, parts["train"])
        dummy = DummyClassifier(strategy="most_frequent").fit(dataset.x[parts["train"]], labels[parts["train"]])
        expected = dummy.score(dataset.x[parts["test"]], dataset.y[parts["test"]])
        assert result.measured["majority_accuracy"] == expected
        assert result.measured["n_test"] == len(parts["test"])
    assert (results[0].measured["majority_accuracy"] > 0.5) == (noise == "0")


def test_a_regression_has_no_classes(trials):
    (result,) = train(trials("data=diabetes", "seeds=1", "train.epochs=1"), load("diabetes"))
    assert result.measured["n_test"] == 88
    assert "majority_accuracy" not in result.measured


def test_a_trial_that_does_not_read_the_test_part_does_not_count_it(trials):
    (result,) = train(trials("seeds=1", "train.epochs=1", "read_test=false"), load("digits"))
    assert not {"n_test", "majority_accuracy", "test_accuracy"} & set(result.measured)
