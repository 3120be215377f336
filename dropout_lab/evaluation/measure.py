"""Measures of one trial: its row of ``evaluations.csv`` and its rows of ``reliability.csv`` and similar files."""

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dropout_lab import __version__
from dropout_lab.config import InferConf
from dropout_lab.data import load
from dropout_lab.evaluation.predictor import Predictions, Predictor
from dropout_lab.rng import Streams
from dropout_lab.stats import calibration, regression
from dropout_lab.stats.ood_scores import detection_scores
from dropout_lab.stats.risk_coverage import aurc, risk_curve

Rows = list[dict[str, Any]]
COVERAGES = [i / 20 for i in range(1, 21)]
BIN = ("bin", "low", "high", "count", "confidence", "accuracy")
DISAGREEMENT = ("entropy", "mutual_information", "variation_ratio", "variance")
SCORES = ("entropy", "mutual_information", "max_probability")  # for out-of-distribution detection


@dataclass
class Measures:
    """Measures of one evaluation.

    Args:
        measured: columns of the row of ``evaluations.csv``.
        bins: rows of ``reliability.csv``.
        coverage: rows of ``coverage.csv``.
        ood: rows of ``ood.csv``.
        predicted: arrays of the file of predictions, one entry per test example.
    """

    measured: dict[str, Any]
    bins: Rows = field(default_factory=list)
    coverage: Rows = field(default_factory=list)
    ood: Rows = field(default_factory=list)
    predicted: dict[str, np.ndarray] = field(default_factory=dict)


def measure_trial(trained: Predictor, conf: InferConf) -> Measures:
    """Evaluate a trained network on its test set.

    Args:
        trained: the network with its data.
        conf: inference settings, ``infer=``.

    Raises:
        ValueError: a data set for out-of-distribution detection does not fit the data of the network.
    """
    started = time.perf_counter()
    task = {"classification": _classes, "regression": _values, "language": _text}[trained.task]
    measured = task(trained, conf)
    measured.measured |= {"seconds": time.perf_counter() - started, "version": __version__}
    return measured


def _classes(trained: Predictor, conf: InferConf) -> Measures:
    noisy = conf.stochastic
    test = trained.classes(conf, "test", noisy)
    p, y = test.arrays["probabilities"], test.y
    width, mass = calibration.equal_width(p, y, conf.bins), calibration.equal_mass(p, y, conf.bins)
    uncertainty, wrong = 1 - p.max(1), p.argmax(1) != y
    measured = classification_scores(p, y, conf.bins) | {"aurc": aurc(uncertainty, wrong)}
    measured |= {name: float(test.arrays[name].mean()) for name in DISAGREEMENT if noisy or name == "entropy"}
    curve = risk_curve(uncertainty, wrong)
    coverage = [{"coverage": c, "risk": curve[max(1, round(c * len(curve))) - 1]} for c in COVERAGES]
    bins = [
        {"binning": name, **dict(zip(BIN, each, strict=True))}
        for name, b in (("equal_width", width), ("equal_mass", mass))
        for each in zip(b.number, b.low, b.high, b.count, b.confidence, b.accuracy, strict=True)
    ]
    predicted_arrays = {"rows": trained.rows("test")[0].cpu().numpy(), "target": y, "prediction": p.argmax(1)}
    ood = [row for name in conf.ood for row in _ood(trained, conf, name, test)]
    return Measures({**measured, "n_test": len(y)}, bins, coverage, ood, predicted_arrays | test.arrays)


def classification_scores(p: np.ndarray, y: np.ndarray, bins: int) -> dict[str, float]:
    """Return the scores of predicted probabilities [N, K] for true classes [N], with this number of bins."""
    return {
        "accuracy": calibration.accuracy(p, y),
        "nll": calibration.mean_nll(p, y),
        "brier": calibration.brier(p, y),
        "ece": calibration.equal_width(p, y, bins).error,
        "ece_adaptive": calibration.equal_mass(p, y, bins).error,
    }


def _values(trained: Predictor, conf: InferConf) -> Measures:
    noisy = conf.stochastic
    taus = candidate_taus(trained, conf)
    best, validated = 0, {}
    if trained.validates:
        val = trained.values(conf, "val", noisy, taus)
        best = int(val.arrays["log_likelihood"].mean(1).argmax())
        validated = {
            "val_rmse": regression.rmse(val.arrays["mean"], val.y),
            "val_log_likelihood": float(val.arrays["log_likelihood"][best].mean()),
        }
    test = trained.values(conf, "test", noisy, [taus[best]])
    measured = {
        "rmse": regression.rmse(test.arrays["mean"], test.y),
        "log_likelihood": float(test.arrays["log_likelihood"].mean()),
        "tau": taus[best],
        **validated,
        "n_test": len(test.y),
    }
    if noisy:
        measured["variance"] = float(test.arrays["variance"].mean())
    predicted_arrays = {
        "rows": trained.rows("test")[0].cpu().numpy(),
        "target": test.y,
        "prediction": test.arrays["mean"],
    }
    predicted_arrays |= {"variance": test.arrays["variance"], "log_likelihood": test.arrays["log_likelihood"][0]}
    return Measures(measured, predicted=predicted_arrays)


def candidate_taus(trained: Predictor, conf: InferConf) -> list[float]:
    """Return the noise precisions to choose from on the validation set; a single one if it is configured."""
    if conf.tau != "auto":
        return [conf.tau]
    plain = trained.values(conf, "val", False, [1.0])
    error = regression.rmse(plain.arrays["mean"], plain.y) ** 2
    return [float(m / max(error, 1e-30)) for m in regression.MULTIPLES]


def _text(trained: Predictor, conf: InferConf) -> Measures:
    nll, count = trained.text_nll(conf, "test", conf.stochastic)
    return Measures({"nll": nll, "perplexity": float(np.exp(nll)), "n_test": count})


def _ood(trained: Predictor, conf: InferConf, name: str, test: Predictions) -> Rows:
    """Return the rows of ``ood.csv`` for detecting the examples of one data set among the test examples."""
    x = ood_images(trained, name)
    other = trained.strange(conf, name, x, conf.stochastic)
    rows = []
    for score in SCORES:
        if score == "mutual_information" and not conf.stochastic:
            continue  # zero for a single deterministic network
        known, strange = (_score(scores, score) for scores in (test, other))
        scores = detection_scores(known, strange)
        rows.append({"ood_data": name, "score": score, **scores._asdict(), "n_in": len(known), "n_out": len(strange)})
    return rows


def _score(distribution: Predictions, score: str) -> np.ndarray:
    return -distribution.arrays["probabilities"].max(1) if score == "max_probability" else distribution.arrays[score]


def ood_images(trained: Predictor, name: str) -> np.ndarray:
    """Return out-of-distribution images.

    Args:
        trained: the network with its data.
        name: ``noise`` for as many images as test images, uniform over the range of their pixels; ``permuted`` for the
            test images, each with its pixels in a different random order; otherwise the name of a data set, of which
            the test set is used (all examples if it has none).

    Raises:
        ValueError: the images do not fit.
    """
    dataset = trained.dataset
    rows = trained.rows("test")[0].cpu().numpy()
    random = Streams(trained.base_seed).generator(f"infer/{name}")
    pixels = dataset.x[rows]
    if name == "noise":
        noise = random.random(pixels.shape, dtype=np.float32)
        low, high = (0, 256) if pixels.dtype == np.uint8 else (pixels.min(), pixels.max())
        spread: np.ndarray = low + noise * (high - low)
        return spread.astype(pixels.dtype)
    if name == "permuted":
        flat = pixels.reshape(*pixels.shape[:2], -1)
        order = np.argsort(random.random((len(flat), 1, flat.shape[2]), dtype=np.float32), axis=2)
        return np.take_along_axis(flat, order, axis=2).reshape(pixels.shape)
    other = load(name, root=trained.root)
    return other.x if other.test is None else other.x[other.test]
