"""Check the training of a pack against a plain PyTorch loop for each of its trials, with every optimizer."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import inf
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dropout_lab.checks.figure import Figure, error_figure
from dropout_lab.checks.trials import compose_trials
from dropout_lab.data import load
from dropout_lab.process_settings import flush_denormals, use_threads
from dropout_lab.rng import LEVELS, PackRandomness, Streams
from dropout_lab.train.optimizers import OPTIMIZERS
from dropout_lab.train.pack import Pack
from dropout_lab.trial import Trial

MakeOptimizer = Callable[[Iterable[Tensor], float], torch.optim.Optimizer]
MAKERS: dict[str, MakeOptimizer] = {
    "sgd": lambda params, lr: torch.optim.SGD(params, lr=lr, momentum=0.9),
    "adam": lambda params, lr: torch.optim.Adam(params, lr=lr),
    "rmsprop": lambda params, lr: torch.optim.RMSprop(params, lr=lr),
    "adadelta": lambda params, lr: torch.optim.Adadelta(params, lr=lr),
}
# Learning rates at which each optimizer moves the weights by a few percent or more within the steps of the check.
RATES = {"sgd": "0.01,0.05", "adam": "0.003,0.01", "rmsprop": "0.001,0.003", "adadelta": "0.3,1"}
ARMS = ["model.hidden=[16,12]", "variant=inverted", "input_rate=0.1", "rate=0,0.4", "seeds=2", "train.batch_size=64"]
STEPS = 20
MOVED = 0.01  # smallest allowed value of the largest change of a weight: training must do something
TOLERANCE = 1e-4  # as for stacked models


def check_plain_loop(folder: Path) -> list[Figure]:
    """Compare packs with plain loops."""
    with use_threads(1), flush_denormals():
        return [figure for optimizer in OPTIMIZERS for figure in compare_optimizer(optimizer)]


def compare_optimizer(optimizer: str) -> Iterator[Figure]:
    """Train a pack and each of its trials by a plain loop, from the same weights, with the same batches and masks."""
    words = [*ARMS, f"train={optimizer}", f"train.lr={RATES[optimizer]}", "train.momentum=0.9"]
    trials = compose_trials(words)
    pack = Pack(trials, load("digits"))
    start = {name: p.detach().clone() for name, p in pack.params.items()}
    batches = [rows for _ in range(2) for rows in pack.begin(1)][:STEPS]
    examples = [pack.feed.fetch(rows) for rows in batches]
    for rows in batches:
        pack.step(rows)
    differences, moves = [], []
    for place, trial in enumerate(trials):
        own = {name: p[place] for name, p in start.items()}
        plain = train_plainly(trial, own, [(x[place], y[place]) for x, y in examples])
        for name, weight in plain.items():
            differences.append((pack.params[name][place].detach() - weight).abs().max())
            moves.append((weight - own[name]).abs().max())
    difference, move = (torch.stack(values).max().item() for values in (differences, moves))
    yield error_figure(f"{optimizer}, difference of weights after {STEPS} steps", difference, TOLERANCE)
    yield Figure(f"{optimizer}, largest change of a weight", move, MOVED, inf)


def train_plainly(
    trial: Trial, start: dict[str, Tensor], batches: Sequence[tuple[Tensor, Tensor]]
) -> dict[str, Tensor]:
    """Train one multi-layer perceptron by a plain loop and return its weights.

    Args:
        trial: a trial without regularizers.
        start: initial weights by name, dense layers as [in, out].
        batches: inputs [B, ...] and classes [B] of each step.
    """
    layers = {name.removesuffix(".weight"): nn.Linear(*w.shape) for name, w in start.items() if w.dim() == 2}
    with torch.no_grad():
        for name, layer in layers.items():
            layer.weight.copy_(start[f"{name}.weight"].T)
            layer.bias.copy_(start[f"{name}.bias"])
    net = nn.Sequential(nn.Flatten(), _Dropout("input", trial, trial.config.input_rate))
    for name, layer in layers.items():
        hidden = [] if name == "output" else [nn.ReLU(), _Dropout(name, trial, trial.config.rate)]
        net.extend([layer, *hidden])
    optimizer = MAKERS[trial.config.train.optimizer](net.parameters(), trial.config.train.lr)
    for x, y in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
    weights = {f"{name}.weight": layer.weight.detach().T for name, layer in layers.items()}
    return weights | {f"{name}.bias": layer.bias.detach() for name, layer in layers.items()}


class _Dropout(nn.Module):
    """Inverted dropout that draws its masks from the stream of a trial, written without the package's masks."""

    def __init__(self, site: str, trial: Trial, rate: Any):
        super().__init__()
        self.dropped = round(float(rate) * LEVELS)  # how many of the equally probable values of the bits are dropped
        streams = Streams(trial.config.base_seed, trial.seed)
        self.random = PackRandomness([streams], f"dropout/{site}", torch.device("cpu"))

    def forward(self, x: Tensor) -> Tensor:
        if not self.dropped:
            return x
        values = self.random.bits((1, *x.shape))[0].long() + LEVELS // 2
        return torch.where(values >= self.dropped, x * (LEVELS / (LEVELS - self.dropped)), 0)
