"""Each metric on request equals scikit-learn's on random predictions with ties and missing classes."""

import warnings

import numpy as np
import pytest
from sklearn import metrics as sk

from dropout_lab.metrics import REQUESTED
from dropout_lab.stats.metric_functions import FUNCTIONS, compute, count_confusions


def one_hot(y, classes):
    return np.eye(classes, dtype=int)[y]


def sk_auroc(p, y):
    if p.shape[1] == 2:
        return sk.roc_auc_score(y, p[:, 1])
    return sk.roc_auc_score(y, p, multi_class="ovr", average="macro", labels=range(p.shape[1]))


def sk_average_precision(p, y):
    if p.shape[1] == 2:
        return sk.average_precision_score(y, p[:, 1])
    return sk.average_precision_score(one_hot(y, p.shape[1]), p, average="macro")


def calibration_error(p, y, bins=15):
    """The definition, bin by bin."""
    confidence, right = p.max(1), p.argmax(1) == y
    error = 0.0
    for i in range(bins):
        inside = (confidence > i / bins) & (confidence <= (i + 1) / bins)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return error


REFERENCES = {
    "balanced_accuracy": lambda p, y: sk.balanced_accuracy_score(y, p.argmax(1)),
    "f1": lambda p, y: sk.f1_score(y, p.argmax(1), average="macro"),
    "auroc": sk_auroc,
    "average_precision": sk_average_precision,
    "nll": lambda p, y: sk.log_loss(y, p, labels=range(p.shape[1])),
    "ece": calibration_error,
    "mae": lambda predicted, y: sk.mean_absolute_error(y, predicted),
    "r2": lambda predicted, y: sk.r2_score(y, predicted),
}
OF_NUMBERS = ("mae", "r2")
OF_CLASSES = tuple(name for name in REFERENCES if name not in OF_NUMBERS)
DEFINED_WITHOUT_A_CLASS = ("balanced_accuracy", "f1", "nll", "ece")


def draw(classes, seed, n=60, decimals=1, absent=None):
    """Probabilities with many ties, and classes that they predict better than chance."""
    random = np.random.default_rng([classes, seed])
    y = random.choice([k for k in range(classes) if k != absent], n)
    p = np.round(random.random((n, classes)) + 0.3 * one_hot(y, classes), decimals) + 0.01
    return p / p.sum(1, keepdims=True), y


def reference(name, predicted, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns about missing classes
        return REFERENCES[name](predicted, y)


def agrees(function, name):
    """Whether a function of classes equals scikit-learn's on all draws."""
    draws = [draw(classes, seed) for classes in (2, 3, 10) for seed in range(5)]
    return all(function(p, y) == pytest.approx(reference(name, p, y), rel=1e-9, abs=1e-12) for p, y in draws)


def test_every_metric_on_request_has_a_function_a_reference_and_the_reverse():
    assert set(FUNCTIONS) == set(REQUESTED) == set(REFERENCES)


@pytest.mark.parametrize("name", OF_CLASSES)
def test_metrics_of_classes(name):
    assert agrees(FUNCTIONS[name], name)


PLANTED = {
    "balanced_accuracy": lambda p, y: float((p.argmax(1) == y).mean()),
    "f1": lambda p, y: sk.f1_score(y, p.argmax(1), average="weighted"),
    # Ties count whole instead of half.
    "auroc": lambda p, y: np.mean([(p[y == k, k][:, None] >= p[y != k, k]).mean() for k in range(p.shape[1])]),
    "average_precision": lambda p, y: sk.average_precision_score(one_hot(y, p.shape[1]), p, average="micro"),
    "nll": lambda p, y: -np.log2(p[np.arange(len(y)), y]).mean(),
    "ece": lambda p, y: calibration_error(p, y, 10),
}


@pytest.mark.parametrize("name", OF_CLASSES)
def test_a_wrong_metric_is_noticed(name):
    assert not agrees(PLANTED[name], name)


@pytest.mark.parametrize("name", OF_CLASSES)
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("absent", [0, 1])
def test_a_missing_class(name, classes, absent):
    for seed in range(3):
        p, y = draw(classes, seed, absent=absent)
        if name in DEFINED_WITHOUT_A_CLASS:
            assert compute(name, p, y) == pytest.approx(reference(name, p, y), rel=1e-9)
        else:
            assert np.isnan(compute(name, p, y))


def test_a_class_that_is_predicted_but_never_true_counts_in_f1():
    p, y = np.eye(3)[[0, 0, 1, 2]], np.array([0, 0, 1, 1])
    assert compute("f1", p, y) == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert compute("balanced_accuracy", p, y) == pytest.approx((1 + 0.5) / 2)


@pytest.mark.parametrize("name", OF_NUMBERS)
@pytest.mark.parametrize("shape", [(50,), (50, 3)])
def test_metrics_of_numbers(name, shape):
    for seed in range(5):
        random = np.random.default_rng(seed)
        y, predicted = random.normal(size=shape), random.normal(size=shape)
        assert compute(name, predicted, y) == pytest.approx(reference(name, predicted, y), rel=1e-12)
        assert compute(name, y, y) == pytest.approx(reference(name, y, y), rel=1e-12)


def test_r2_of_constant_targets_is_that_of_scikit_learn():
    y = np.stack([np.full(9, 2.0), np.arange(9.0)], 1)
    for predicted in (y, y + 0.1, np.zeros_like(y)):
        assert compute("r2", predicted, y) == pytest.approx(sk.r2_score(y, predicted), rel=1e-12)


@pytest.mark.parametrize("name", REQUESTED)
def test_predictions_that_are_not_finite_have_no_metric(name):
    predicted, y = (np.zeros(4), np.arange(4.0)) if name in OF_NUMBERS else (np.full((4, 2), 0.5), np.arange(4) % 2)
    assert np.isfinite(compute(name, predicted, y))
    predicted[1] = np.nan
    assert np.isnan(compute(name, predicted, y))


def test_the_confusion_matrix_is_that_of_scikit_learn():
    p, y = draw(4, 0, absent=2)
    expected = sk.confusion_matrix(y, p.argmax(1), labels=range(4))
    assert np.array_equal(count_confusions(p.argmax(1), y, 4), expected)
