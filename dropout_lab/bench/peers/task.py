"""Task of the benchmark programs (network, data and recipe), and the format of their answers."""

import argparse
import json
import sys
import time
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_args, get_origin

import numpy as np


@dataclass
class Task:
    """A workload, described in the same way for every program.

    Args:
        model, hidden, channels, head, units: the network, ``mlp``, ``cnn`` or ``lstm``, and its widths.
        data, root: ``digits`` of scikit-learn, or ``mnist`` in the folder ``root``.
        train: number of training examples; 0 for all that are not held out.
        test: rows of the test set; MNIST has an official test set.
        val_fraction: fraction of the other rows that is held out for validation.
        rates, seeds: every rate is trained with every seed.
        max_norms: bounds on the norm of a unit's incoming weights, each trained with every rate and seed; 0 for none.
        threads: number of threads of torch; 0 for torch's default.
    """

    model: str = "mlp"
    hidden: list[int] = field(default_factory=lambda: [128, 128])
    channels: list[int] = field(default_factory=lambda: [32, 64])
    head: list[int] = field(default_factory=lambda: [128])
    units: int = 128
    data: str = "digits"
    root: str = ""
    train: int = 0
    test: list[int] = field(default_factory=list)
    val_fraction: float = 0.2
    epochs: int = 30
    batch_size: int = 64
    optimizer: str = "adam"
    lr: float = 1e-3
    momentum: float = 0.9
    rates: list[float] = field(default_factory=lambda: [0.5])
    seeds: list[int] = field(default_factory=lambda: [0])
    max_norms: list[float] = field(default_factory=lambda: [0.0])
    threads: int = 0


def words(task: Task) -> list[str]:
    """Return the command-line options of a task, which :func:`parse` reads."""
    pairs = []
    for entry in fields(Task):
        value = getattr(task, entry.name)
        pairs += [f"--{entry.name}", *map(str, value if isinstance(value, list) else [value])]
    return pairs


def parse(argv: list[str] | None = None) -> Task:
    """Return the task of a command line."""
    parser = argparse.ArgumentParser()
    for entry in fields(Task):
        several = get_origin(entry.type) is list
        kind: Any = get_args(entry.type)[0] if several else entry.type
        parser.add_argument(f"--{entry.name}", type=kind, nargs="*" if several else None, default=argparse.SUPPRESS)
    return Task(**vars(parser.parse_args(argv)))


def load(task: Task) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return images [N, 1, H, W], float32 in [0, 1], classes [N], and the rows of the official test set if any."""
    if task.data == "digits":
        from sklearn.datasets import load_digits

        raw = load_digits()
        return (raw.images[:, None] / 16).astype(np.float32), raw.target.astype(np.int64), None
    folder = Path(task.root) / "MNIST" / "raw"
    images = [np.fromfile(folder / f"{part}-images-idx3-ubyte", np.uint8)[16:] for part in ("train", "t10k")]
    labels = [np.fromfile(folder / f"{part}-labels-idx1-ubyte", np.uint8)[8:] for part in ("train", "t10k")]
    x = np.concatenate(images).reshape(-1, 1, 28, 28).astype(np.float32) / np.float32(255)
    return x, np.concatenate(labels).astype(np.int64), np.arange(len(labels[0]), len(x))


def divide(task: Task, seed: int, count: int, test: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
    """Return the rows of training, validation and test set; the test set is the same for all seeds and programs."""
    if test is None:
        test = np.array(task.test, dtype=np.int64)
    rest = np.random.default_rng(seed).permutation(np.setdiff1d(np.arange(count), test))
    held = round(task.val_fraction * len(rest))
    return rest[held:][: task.train or None], rest[:held], test


def answer(accuracy: list[float], started: float, **more: float) -> None:
    """Print the result as JSON: test accuracy of each trial, and start and end of the training in seconds."""
    result = {"accuracy": accuracy, "started": started, "ended": time.time(), **more}
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()
