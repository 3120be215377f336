"""Autoencoders: regressions whose targets are the examples."""

import numpy as np
import pytest

from dropout_lab.data import Dataset, load
from dropout_lab.data.dataset import reconstruction_of
from dropout_lab.errors import DataError
from dropout_lab.train.loop import _Training

SMALL = ("data=digits", "data.reconstruct=true", "model.hidden=[16]", "train.epochs=3")
WORDS = (*SMALL, "data.train_size=200", "seeds=2")


def test_targets_are_the_examples_and_are_read_once():
    dataset = load("digits", reconstruct=True)
    assert dataset is load("digits", reconstruct=True)
    assert load("digits").task == "classification"
    assert (dataset.task, dataset.outputs, dataset.classes) == ("regression", 64, ())
    assert np.array_equal(dataset.y, dataset.x.reshape(len(dataset.x), -1))


def test_bytes_stand_for_parts_of_one_on_both_sides(trials):
    images = np.random.default_rng(1).integers(0, 256, (60, 1, 3, 3), dtype=np.uint8)
    dataset = reconstruction_of(
        Dataset("x", "classification", images, np.arange(60) % 2, ("a", "b"), test=np.arange(40, 60))
    )
    training = _Training(trials(*SMALL, "seeds=1"), dataset, lambda epochs: None)
    x, y = training.whole.feed.fetch(training.whole.feed.index["test"])
    assert np.allclose(x.flatten(2), y)
    assert 0 <= float(y.min()) < float(y.max()) <= 1


def test_the_score_is_the_error_of_a_pixel(trials):
    dataset = load("digits", reconstruct=True)
    training = _Training(trials(*WORDS, "rate=0.5", "save_predictions=true"), dataset, lambda epochs: None)
    for m, result in enumerate(training.run()):
        rows = training.whole.feed.index["test"][m].numpy()
        h = dataset.x[rows].reshape(len(rows), -1).astype(np.float64)
        for layer in ("hidden0", "output"):
            weight, bias = (training.final[f"{layer}.{n}"][m].detach().double().numpy() for n in ("weight", "bias"))
            h = h @ weight + bias
            h = np.maximum(h, 0) if layer == "hidden0" else h
        away = h - dataset.y[rows]
        assert result.measured["test_rmse"] == pytest.approx(np.sqrt(np.square(away).mean()), rel=1e-4)
        assert result.measured["test_loss"] == pytest.approx(np.square(away).mean(), rel=1e-4)
        assert np.allclose(result.predictions["prediction"], h, atol=1e-4)
        assert result.predictions["target"].shape == (len(rows), 64)
        assert result.curve[-1]["val_loss"] < result.curve[0]["val_loss"]


def test_texts_and_normalised_examples_are_refused(trials):
    with pytest.raises(ValueError, match=r"data.normalise=unit: data.reconstruct=true requires unchanged examples"):
        _Training(trials(*WORDS, "data.normalise=unit"), load("digits", reconstruct=True), lambda epochs: None)
    text = Dataset("t", "classification", np.zeros((4, 2), np.int32), np.arange(4) % 2, ("a", "b"), tokens=("x",))
    with pytest.raises(DataError, match="requires numbers"):
        reconstruction_of(text)
