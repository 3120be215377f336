"""Train on your own table: write a CSV file with a column of labels, and sweep over the rate."""

from pathlib import Path

import numpy as np
import pandas as pd

import dropout_lab

random = np.random.default_rng(0)
label = random.integers(0, 2, size=300)
table = pd.DataFrame(random.normal(size=(300, 4)), columns=["a", "b", "c", "d"])
table["a"] += 2 * label
table["label"] = np.where(label, "yes", "no")
path = Path("measurements.csv").resolve()
table.to_csv(path, index=False)

result = dropout_lab.sweep(
    data="file",
    rate=[0, 0.5],
    seeds=3,
    model={"hidden": [32]},
    train={"epochs": 10, "lr": 0.01},
    out="results/your_own_data",
    **{"data.path": str(path), "data.target": "label"},
)
print(result.trials.groupby("rate")["test_accuracy"].mean().round(3))
