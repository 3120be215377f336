"""Run a sweep from Python: three rates with three seeds each, and the mean test accuracy per rate."""

import dropout_lab

result = dropout_lab.sweep(
    rate=[0, 0.25, 0.5],  # a list is an axis
    seeds=3,
    model={"hidden": [64]},
    train={"epochs": 5, "lr": 0.01},
    out="results/python_sweep",
)
# `result.trials` has one row per trial; the folder `out` contains the table, the figure and the statistics.
print(result.trials.groupby("rate")["test_accuracy"].agg(["mean", "std", "count"]).round(3))
