"""Scores of out-of-distribution (OOD) detection."""

from typing import NamedTuple

import numpy as np


class DetectionScores(NamedTuple):
    """Scores of a detector that separates OOD examples from those of the test set.

    Args:
        auroc: probability that a random OOD example has a higher uncertainty than a random test example; ties count
            half.
        fpr95: fraction of OOD examples that are accepted at the threshold that accepts 95 % of the test examples
            (Hendrycks and Gimpel 2017, ICLR; Liang et al. 2018, ICLR).
    """

    auroc: float
    fpr95: float


def detection_scores(known: np.ndarray, strange: np.ndarray) -> DetectionScores:
    """Return the detection scores of an uncertainty measure.

    Args:
        known: uncertainties of the test examples, [N].
        strange: uncertainties of the OOD examples, [S]; a higher value means more likely OOD.
    """
    from sklearn.metrics import roc_auc_score, roc_curve  # takes a second to import

    labels = np.concatenate([np.ones(len(known)), np.zeros(len(strange))])
    familiar = -np.concatenate([known, strange])
    accepted_strange, accepted_known, _ = roc_curve(labels, familiar, drop_intermediate=False)
    reached = np.flatnonzero(accepted_known >= 0.95)[0]
    return DetectionScores(float(roc_auc_score(labels, familiar)), float(accepted_strange[reached]))
