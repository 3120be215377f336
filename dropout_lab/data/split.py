"""Held-out parts, drawn by class so that small sets keep their proportions."""

import numpy as np


def hold_out(
    rows: np.ndarray, fraction: float, random: np.random.Generator, classes: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Divide rows in two.

    Args:
        rows: row numbers.
        fraction: part to hold out; its size is rounded and depends on the number of rows alone.
        random: the stream to draw from.
        classes: class of each of the rows, to draw in proportion; None to draw from all alike.

    Returns:
        the rest and the held-out rows, both sorted.
    """
    order = random.permutation(len(rows))
    if classes is not None:
        # Spread each class evenly over (0, 1); any prefix of the sorted places then holds the classes in proportion.
        place = np.empty(len(rows))
        for label in np.unique(classes):
            members = order[classes[order] == label]
            place[members] = (np.arange(len(members)) + random.random()) / len(members)
        order = np.argsort(place, kind="stable")
    held = round(fraction * len(rows))
    return np.sort(rows[order[held:]]), np.sort(rows[order[:held]])
