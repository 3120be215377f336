"""Keras 3 program on the torch backend: an LSTM with recurrent dropout."""

import os
import time

os.environ["KERAS_BACKEND"] = "torch"

import keras

from dropout_lab.bench.peers.task import Task, answer, divide, load, parse

CLASSES = 10


def main() -> None:
    """Train every trial, one after another."""
    task = parse()
    x, y, official = load(task)
    started = time.time()
    answer([train(task, rate, seed, x[:, 0], y, official) for seed in task.seeds for rate in task.rates], started)


def train(task: Task, rate: float, seed: int, x, y, official) -> float:  # type: ignore[no-untyped-def]
    """Train one network and return its accuracy on the test set."""
    keras.utils.set_random_seed(seed)
    rows, val, test = divide(task, seed, len(x), official)
    model = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            keras.layers.LSTM(task.units, recurrent_dropout=rate),
            keras.layers.Dense(CLASSES),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(task.lr), loss, metrics=["accuracy"])
    held = {"validation_data": (x[val], y[val]), "validation_batch_size": 1000}
    model.fit(x[rows], y[rows], task.batch_size, task.epochs, verbose=0, **held)
    return float(model.evaluate(x[test], y[test], batch_size=1000, verbose=0)[1])


if __name__ == "__main__":
    main()
