"""Monte Carlo passes of a trained network, timed against a loop over ``model(x)`` with nn.Dropout."""

import csv
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from dropout_lab.bench.interleaved import machine, ratios
from dropout_lab.compose import Points, standing
from dropout_lab.data import Dataset
from dropout_lab.infer.monte_carlo import MonteCarlo
from dropout_lab.infer.predictive import Classes
from dropout_lab.streams import Streams
from dropout_lab.train.pack import Pack
from dropout_lab.trial import Trial, canonical

PASSES, WIDTH, PIXELS, CLASSES, RATE = 100, 1024, 784, 10, 0.5
EXAMPLES = (1, 32, 256)
COLUMNS = ["examples", "passes", "threads", "ratio", "low", "high", "rounds"]
LOOP = "loop"


def measure(points: Points, rounds: int = 5, repeats: int = 1, say: Callable[[str], None] = print) -> str:
    """Time 100 passes of 784-1024-1024-10 with rate 0.5, from a batch to the mean of the probabilities.

    Args:
        points: makes configs.
        rounds, repeats: as for :func:`ratios`.
        say: is told how far it is.

    Returns:
        the text of ``inference.csv``: how many times as long the loop takes, under a line that says where.
    """
    text = io.StringIO()
    text.write(f"# how many times as long a loop over model(x) with nn.Dropout takes, {PASSES} passes of ")
    text.write(f"{PIXELS}-{WIDTH}-{WIDTH}-{CLASSES}, rate {RATE}; {machine()}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for count in EXAMPLES:
        works = _works(points, count)
        found = ratios(works, "stacked", rounds, repeats)[LOOP]
        say(f"{count} examples: {found.median:.2f}")
        figures = [f"{value:.3f}" for value in (found.median, found.low, found.high)]
        writer.writerow([count, PASSES, torch.get_num_threads(), *figures, found.rounds])
    return text.getvalue()


def _works(points: Points, count: int) -> dict[str, Callable[[], object]]:
    """Both sides, with the same weights and examples."""
    x = torch.rand(count, PIXELS, generator=torch.Generator().manual_seed(0))
    words = [f"model.hidden=[{WIDTH},{WIDTH}]", f"rate={RATE}"]
    trial = Trial(canonical(points.config(words)), 0)
    data = Dataset("digits", "classification", *_placeholder())
    pack = Pack([trial], data)
    params = {name: value.detach() for name, value in pack.params.items()}
    layers = [nn.Linear(*value.shape[1:]) for name, value in params.items() if value.dim() == 3]
    for layer, name in zip(layers, ("hidden0", "hidden1", "output"), strict=True):
        layer.load_state_dict({"weight": params[f"{name}.weight"][0].T, "bias": params[f"{name}.bias"][0]})
    hidden = [part for layer in layers[:-1] for part in (layer, nn.ReLU(), nn.Dropout(RATE))]
    network = nn.Sequential(*hidden, layers[-1]).train()
    return {LOOP: partial(_loop, network, x), "stacked": partial(_stacked, pack, params, x[None])}


def _placeholder() -> tuple:
    """Examples of the right shape, which are not looked at."""
    import numpy as np

    y = np.arange(10 * CLASSES) % CLASSES
    return np.zeros((len(y), PIXELS), np.float32), y, tuple(map(str, range(CLASSES)))


def _loop(network: nn.Module, x: Tensor) -> Tensor:
    with torch.inference_mode():
        return torch.stack([torch.softmax(network(x), -1) for _ in range(PASSES)]).mean(0)


def _stacked(pack: Pack, params: dict[str, Tensor], x: Tensor) -> Tensor:
    streams = [Streams(0, 0, f"infer/{i}/") for i in range(PASSES)]
    monte_carlo = MonteCarlo(pack.model, params, pack.noise.select([0] * PASSES).drawing(streams), x[:, :1])
    classes = Classes()
    for block in x.split(monte_carlo.block, 1):
        monte_carlo.run(block, classes.add)
    return torch.from_numpy(classes.done()["probabilities"])


def write(say: Callable[[str], None]) -> Path:
    """Measure, and keep what was found in ``results/bench/inference.csv`` of the working directory."""
    from dropout_lab.plugins import enable
    from dropout_lab.sweeps.ledger import replace

    enable()
    target = Path("results/bench/inference.csv")
    target.parent.mkdir(parents=True, exist_ok=True)
    with standing() as points:
        replace(target, measure(points, say=say))
    return target
