"""Training, validation and test rows of each trial, and its noisy labels."""

import numpy as np

from dropout_lab.config import DataConf
from dropout_lab.data import Dataset
from dropout_lab.data.sizes import count_held_out
from dropout_lab.rng import Streams
from dropout_lab.train.imputation import fewest_values, incomplete
from dropout_lab.train.resolution import unresolved_column


def make_splits(dataset: Dataset, conf: DataConf, streams: Streams) -> dict[str, np.ndarray]:
    """Return the row numbers of the three splits of one trial.

    The test set is the official one or is drawn from the base seed alone; only the division of the other rows into
    training and validation set depends on the trial seed. A smaller ``train_size`` selects a subset of a larger one.

    Raises:
        ValueError: a split would be empty, or a class would have no training example.
    """
    if dataset.task == "language":
        return _stretches(dataset, conf)
    every = np.arange(len(dataset.x))
    classes = dataset.y if dataset.task == "classification" else None
    official = dataset.splits[conf.split] if dataset.splits else dataset.test
    if official is None:
        random = Streams(streams.base).generator("split")
        drawn = every if dataset.val is None else np.setdiff1d(every, dataset.val)
        rest, test = hold_out(drawn, conf.test_fraction, random, None if classes is None else classes[drawn])
    else:
        rest, test = np.setdiff1d(every, official), official
    if dataset.val is None:
        labels = None if classes is None else classes[rest]
        train, val = hold_out(rest, conf.val_fraction, streams.generator("split"), labels)
    else:
        train, val = np.setdiff1d(rest, dataset.val), dataset.val
    if conf.train_size:
        train = _fewer(dataset, conf, train, streams)
    parts = {"train": train, "val": val, "test": test}
    for name, rows in parts.items():
        if not len(rows) and (name != "val" or conf.val_fraction):
            raise ValueError(f"data={dataset.name} leaves no example for the {name} split; provide more examples")
    if classes is not None:
        seen = np.bincount(classes[train], minlength=dataset.outputs)
        for number in np.flatnonzero(seen == 0):
            how = f" with data.train_size={conf.train_size}" if conf.train_size else ""
            name = dataset.classes[number]
            remedy = "remove the class, or provide more examples"
            raise ValueError(f"data={dataset.name}{how} leaves no training example of class {name!r}; {remedy}")
    values, column = fewest_values(dataset, train)
    if not values and column:
        raise ValueError(f"data={dataset.name} leaves no value of column {column!r} in the training split")
    return parts


def _stretches(dataset: Dataset, conf: DataConf) -> dict[str, np.ndarray]:
    """Return the published splits of a running text; ``train_size`` keeps the first tokens of the training set."""
    assert dataset.val is not None and dataset.test is not None  # noqa: PT018
    train = np.arange(dataset.val[0])
    if conf.train_size > len(train):
        raise ValueError(f"data.train_size={conf.train_size}: the training split has {len(train)} tokens")
    return {"train": train[: conf.train_size or None], "val": dataset.val, "test": dataset.test}


def _fewer(dataset: Dataset, conf: DataConf, train: np.ndarray, streams: Streams) -> np.ndarray:
    if conf.train_size > len(train):
        raise ValueError(f"data.train_size={conf.train_size}: the training split has {len(train)} examples")
    labels = dataset.y[train] if dataset.task == "classification" else None
    order = stratified_order(len(train), streams.generator("train_size"), labels)
    return np.sort(train[order[: conf.train_size]])


def smallest_class_size(dataset: Dataset, train: np.ndarray) -> int:
    """Return the size of the smallest class in the training set, or the number of values of the sparsest column.

    With both classes and missing cells the smaller one of the two numbers counts; regression has no classes.
    """
    values, _ = fewest_values(dataset, train)
    if dataset.task != "classification":
        return values
    return min(values, int(np.bincount(dataset.y[train], minlength=dataset.outputs).min()))


def noisy_labels(dataset: Dataset, conf: DataConf, streams: Streams, train: np.ndarray) -> np.ndarray:
    """Return the labels [N] of one trial, with a fraction ``label_noise`` of its training rows assigned another class.

    Noise levels are nested: labels that are wrong at a lower level are wrong in the same way at a higher level.

    Args:
        dataset: the whole dataset.
        conf: the noise level.
        streams: random streams of the trial.
        train: training rows of the trial.
    """
    random = streams.generator("label_noise")
    place, other = random.random(len(dataset.y)), random.integers(1, dataset.outputs, len(dataset.y))
    wrong = train[np.argsort(place[train], kind="stable")[: round(conf.label_noise * len(train))]]
    labels = np.array(dataset.y)
    labels[wrong] = (labels[wrong] + other[wrong]) % dataset.outputs
    return labels


def refuse_settings(dataset: Dataset, conf: DataConf) -> None:
    """Raise an error for settings that these data do not support.

    Raises:
        ValueError: with a one-line message.
    """
    if dataset.splits and conf.split >= len(dataset.splits):
        last = len(dataset.splits) - 1
        name, kind = (conf.name, "published splits") if dataset.name == "uci" else (dataset.name, "splits")
        raise ValueError(f"data.split={conf.split}: {name} has {last + 1} {kind}, 0 to {last}")
    if conf.split and not dataset.splits and dataset.name == "fsdd":
        raise ValueError(f"data.split={conf.split}: applies with data.split_by=speaker only")
    if conf.label_noise and dataset.task != "classification":
        raise ValueError(
            f"data.label_noise={conf.label_noise:g}: requires classes, which data={dataset.name} does not have"
        )
    if conf.reconstruct and incomplete(dataset).any():
        raise ValueError(f"data.missing={conf.missing}: data.reconstruct=true requires unchanged examples")
    unresolved = unresolved_column(dataset, conf.normalise, conf.target)
    if unresolved:
        remedy = "use another unit" if conf.normalise != "none" else "set data.normalise=zscore to preserve the digits"
        raise ValueError(f"{unresolved}: its values differ in digits beyond single precision; {remedy}")
    if conf.normalise != "none" and conf.reconstruct:
        raise ValueError(f"data.normalise={conf.normalise}: data.reconstruct=true requires unchanged examples")
    if conf.normalise != "none" and dataset.tokens:
        raise ValueError(f"data.normalise={conf.normalise}: requires numbers, but data={dataset.name} is text")


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
