"""The number of training examples of a data set, where it is known without reading the data."""

from dropout_lab.data.synthetic import SYNTHETIC
from dropout_lab.data.uci import TABLES, YEAR_ROWS, YEAR_TEST
from dropout_lab.data.vision import VISION

# Number of examples, and of those in the official test set; None if the test set is drawn at random. The sizes of other
# sets depend on the user's files, or on the texts that their reader leaves out.
SIZES: dict[str, tuple[int, int | None]] = {
    "digits": (1_797, None),
    "breast_cancer": (569, None),
    "wine": (178, None),
    "iris": (150, None),
    "diabetes": (442, None),
    **{name: (sum(vision.counts), vision.counts[1]) for name, vision in VISION.items()},
    "fsdd": (3_000, 300),
    "year_prediction_msd": (YEAR_ROWS, YEAR_TEST),
    "rt_polarity": (10_662, None),
    "scale_data": (5_006, None),
    "imdb": (50_000, 25_000),
    "ag_news": (127_600, 7_600),
}
UCI_TEST = 0.1  # fraction of a published split that is the test set


def count_training(
    kind: str,
    *,
    name: str = "",
    examples: int = 0,
    train_size: int = 0,
    test_fraction: float = 0.0,
    val_fraction: float = 0.0,
) -> int | None:
    """Return the number of training examples of a trial; None if it depends on the content of the data.

    Args:
        kind: as in ``data=``, other than running text.
        name, examples, train_size, test_fraction, val_fraction: settings of the data.
    """
    if train_size:
        return train_size
    if kind in SYNTHETIC:
        total, test = examples, None
    elif kind == "uci":
        total = TABLES[name].rows
        test = count_held_out(total, UCI_TEST)
    elif kind in SIZES:
        total, test = SIZES[kind]
    else:
        return None
    rest = total - (count_held_out(total, test_fraction) if test is None else test)
    return rest - count_held_out(rest, val_fraction)


def count_held_out(count: int, fraction: float) -> int:
    """Return the number of held-out rows among ``count`` rows."""
    return round(fraction * count)
