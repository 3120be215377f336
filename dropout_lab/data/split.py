"""Random held-out splits and subsets, stratified so that small sets keep their class proportions."""

import numpy as np


def hold_out(
    rows: np.ndarray, fraction: float, random: np.random.Generator, classes: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Split rows in two.

    Args:
        rows: row numbers.
        fraction: fraction to hold out; the rounded size depends only on the number of rows.
        random: the random stream.
        classes: class of each row for a stratified split; None for an unstratified one.

    Returns:
        the remaining and the held-out rows, both sorted.
    """
    order = stratified_order(len(rows), random, classes)
    held = count_held_out(len(rows), fraction)
    return np.sort(rows[order[held:]]), np.sort(rows[order[:held]])


def count_held_out(count: int, fraction: float) -> int:
    """Return the number of held-out rows among ``count`` rows."""
    return round(fraction * count)


def stratified_order(count: int, random: np.random.Generator, classes: np.ndarray | None = None) -> np.ndarray:
    """Return a random order of ``count`` items, every prefix of which holds the classes in proportion.

    Args:
        count: N.
        random: the random stream.
        classes: class of each item, [N]; None for an unstratified order.
    """
    order = random.permutation(count)
    if classes is None:
        return order
    # Spread each class evenly over (0, 1); any prefix of the sorted positions then holds the classes in proportion.
    place = np.empty(count)
    for label in np.unique(classes):
        members = order[classes[order] == label]
        place[members] = (np.arange(len(members)) + random.random()) / len(members)
    return np.argsort(place, kind="stable")
