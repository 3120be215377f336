"""Held-out parts and subsets, drawn by class so that small sets keep their proportions."""

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
    order = stratified_order(len(rows), random, classes)
    held = count_held_out(len(rows), fraction)
    return np.sort(rows[order[held:]]), np.sort(rows[order[:held]])


def count_held_out(count: int, fraction: float) -> int:
    """How many of so many rows are held out."""
    return round(fraction * count)


def stratified_order(count: int, random: np.random.Generator, classes: np.ndarray | None = None) -> np.ndarray:
    """A random order of ``count`` things, every prefix of which holds the classes in proportion.

    Args:
        count: N.
        random: the stream to draw from.
        classes: class of each, [N]; None for an order like any other.
    """
    order = random.permutation(count)
    if classes is None:
        return order
    # Spread each class evenly over (0, 1); any prefix of the sorted places then holds the classes in proportion.
    place = np.empty(count)
    for label in np.unique(classes):
        members = order[classes[order] == label]
        place[members] = (np.arange(len(members)) + random.random()) / len(members)
    return np.argsort(place, kind="stable")
