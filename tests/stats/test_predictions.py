"""Scores of predictions against scikit-learn, scipy and cases worked out by hand."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss, root_mean_squared_error

from dropout_lab.stats import calibration, regression
from dropout_lab.stats.ood_scores import detection_scores
from dropout_lab.stats.risk_coverage import aurc, risk_curve


@pytest.fixture
def drawn():
    random = np.random.default_rng(0)
    p = random.dirichlet(np.full(4, 0.5), 500)
    return p, np.array([random.choice(4, p=row) for row in p])


def test_scores_are_those_of_scikit_learn(drawn):
    p, y = drawn
    assert calibration.accuracy(p, y) == accuracy_score(y, p.argmax(1))
    assert calibration.mean_nll(p, y) == pytest.approx(log_loss(y, p, labels=range(4)), rel=1e-12)
    each = [brier_score_loss(y == k, p[:, k]) for k in range(4)]
    assert calibration.brier(p, y) == pytest.approx(sum(each), rel=1e-12)


def test_a_certain_mistake_is_finite():
    assert np.isfinite(calibration.mean_nll(np.array([[1.0, 0.0]]), np.array([1])))


def test_calibration_error_of_a_case_by_hand():
    # Two bins: (0, 0.5] holds confidences 0.5, of which one of two is right; (0.5, 1] holds 0.8, 0.9, 0.7, all right.
    p = np.array([[0.5, 0.5], [0.5, 0.5], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7]])
    y = np.array([0, 1, 0, 1, 1])
    bins = calibration.equal_width(p, y, 2)
    assert bins.count.tolist() == [2, 3]
    assert bins.accuracy.tolist() == [0.5, 1]
    assert bins.confidence == pytest.approx([0.5, 0.8])
    assert bins.error == pytest.approx((2 * 0 + 3 * 0.2) / 5)


def test_calibration_error_against_a_plain_loop(drawn):
    p, y = drawn
    confidence, right = p.max(1), p.argmax(1) == y
    for n in (5, 15):
        total = 0.0
        for i in range(n):
            inside = (confidence > i / n) & (confidence <= (i + 1) / n)
            if inside.any():
                total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
        assert calibration.equal_width(p, y, n).error == pytest.approx(total, rel=1e-12)
        order = np.argsort(confidence, kind="stable")
        parts = [order[-(-i * 500 // n) : -(-(i + 1) * 500 // n)] for i in range(n)]
        assert calibration.equal_mass(p, y, n).count.tolist() == [len(part) for part in parts]
        gaps = [len(part) / 500 * abs(right[part].mean() - confidence[part].mean()) for part in parts]
        assert calibration.equal_mass(p, y, n).error == pytest.approx(sum(gaps), rel=1e-12)


def test_what_is_drawn_from_its_own_probabilities_is_calibrated(drawn):
    p, y = drawn
    assert calibration.equal_width(p, y, 10).error < 0.08
    assert calibration.equal_width(p, (y + 1) % 4, 10).error > 0.3


def test_fewer_examples_than_bins():
    p, y = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 0])
    assert calibration.equal_mass(p, y, 15).count.tolist() == [1, 1]
    assert calibration.equal_mass(p, y, 15).error == pytest.approx((0.1 + 0.8) / 2)


def test_risks_of_a_case_by_hand():
    uncertainty, wrong = np.array([0.3, 0.1, 0.2, 0.4]), np.array([True, False, False, True])
    assert risk_curve(uncertainty, wrong) == pytest.approx([0, 0, 1 / 3, 1 / 2])
    assert aurc(uncertainty, wrong) == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)


def test_risks_of_ties_are_those_of_all_their_orders():
    random = np.random.default_rng(1)
    uncertainty, wrong = random.integers(0, 4, 30) / 4, random.random(30) < 0.4
    found = []
    for _ in range(4000):
        order = np.lexsort((random.random(30), uncertainty))
        found.append(np.cumsum(wrong[order]) / np.arange(1, 31))
    assert risk_curve(uncertainty, wrong) == pytest.approx(np.mean(found, 0), abs=0.03)


def test_detection_is_the_probability_of_a_higher_score():
    random = np.random.default_rng(2)
    known, strange = random.normal(0, 1, 400).round(1), random.normal(1, 1, 300).round(1)
    found = detection_scores(known, strange)
    u = stats.mannwhitneyu(strange, known).statistic
    assert found.auroc == pytest.approx(u / (400 * 300), rel=1e-12)
    thresholds = [t for t in np.unique(known) if (known <= t).mean() >= 0.95]
    assert found.fpr95 == pytest.approx((strange <= min(thresholds)).mean())


def test_detection_at_its_ends():
    low, high = np.arange(20), np.arange(20) + 100
    assert detection_scores(low, high) == (1, 0)
    assert detection_scores(high, low) == (0, 1)
    assert detection_scores(low, low).auroc == pytest.approx(0.5)


def test_log_likelihood_is_that_of_a_mixture_of_normals():
    random = np.random.default_rng(3)
    predictions, y, tau = random.normal(0, 1, (50, 20)), random.normal(0, 1, 20), 2.5
    mixture = stats.norm(predictions, tau**-0.5).pdf(y).mean(0)
    assert regression.log_likelihood(predictions, y, tau) == pytest.approx(np.log(mixture).mean(), rel=1e-10)
    far = regression.log_likelihood(predictions + 1e3, y, tau)
    assert np.isfinite(far)
    assert regression.rmse(predictions[0], y) == pytest.approx(root_mean_squared_error(y, predictions[0]), rel=1e-12)


def test_weight_decay_of_the_published_settings():
    # Half of it is the coefficient of sum w^2 that the authors' code gives Keras.
    theirs = 0.1**2 * (1 - 0.01) / (2 * 277 * 2.958)
    assert regression.weight_decay(0.1, 0.01, 277, 2.958) / 2 == pytest.approx(theirs, rel=1e-12)
