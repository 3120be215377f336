"""Train your own network: the trial sets the rate and the variant of every nn.Dropout in it."""

from torch import nn

import dropout_lab


def small(shape, outputs):
    """Create a convolutional network for examples of a shape, such as (1, 8, 8), and a number of classes."""
    channels, height, width = shape
    return nn.Sequential(
        nn.Conv2d(channels, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(8 * (height // 2) * (width // 2), 32),
        nn.ReLU(),
        nn.Dropout(),  # the trial sets the rate
        nn.Linear(32, outputs),
    )


if __name__ == "__main__":  # needed because the sweep imports this file
    result = dropout_lab.sweep(
        model="custom",
        rate=[0, 0.3],
        variant=["inverted", "gaussian"],
        seeds=1,
        train={"epochs": 3, "lr": 0.01},
        out="results/your_own_network",
        **{"model.target": "your_own_network:small"},
    )
    print(result.trials[["variant", "rate", "test_accuracy"]].round(3).to_string(index=False))
