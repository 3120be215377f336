"""How well a score tells examples of another kind from those of the test set."""

from typing import NamedTuple

import numpy as np


class DetectionScores(NamedTuple):
    """How well two sets are told apart.

    Args:
        auroc: probability that a random strange example has the higher score, ties counting half.
        fpr95: part of the strange examples that are accepted where 95 % of the known ones are (Hendrycks and Gimpel
            2017, ICLR; Liang et al. 2018, ICLR).
    """

    auroc: float
    fpr95: float


def detection_scores(known: np.ndarray, strange: np.ndarray) -> DetectionScores:
    """Compare scores.

    Args:
        known: of the test set, [N].
        strange: of the other set, [S]; higher is stranger.
    """
    from sklearn.metrics import roc_auc_score, roc_curve  # takes a second to import

    labels = np.concatenate([np.ones(len(known)), np.zeros(len(strange))])
    familiar = -np.concatenate([known, strange])
    accepted_strange, accepted_known, _ = roc_curve(labels, familiar, drop_intermediate=False)
    reached = np.flatnonzero(accepted_known >= 0.95)[0]
    return DetectionScores(float(roc_auc_score(labels, familiar)), float(accepted_strange[reached]))
