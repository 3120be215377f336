"""Benchmark of Monte Carlo dropout against a loop over ``model(x)`` with nn.Dropout."""

from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn

from dropout_lab.bench.table import BenchRow
from dropout_lab.bench.workloads import BenchOptions
from dropout_lab.config.compose import open_composer
from dropout_lab.config.plugins import enable_plugins
from dropout_lab.data import Dataset
from dropout_lab.evaluation.mc_dropout import MonteCarlo
from dropout_lab.evaluation.predictive import ClassDistribution
from dropout_lab.process_settings import use_threads
from dropout_lab.rng import Streams
from dropout_lab.sweeps.interleaved import median_seconds, ratios_to_reference, time_interleaved
from dropout_lab.sweeps.pack_job import available_cores
from dropout_lab.train.pack import Pack
from dropout_lab.trial import Trial, canonical

Work = Callable[[], np.ndarray]
PASSES, WIDTH, PIXELS, CLASSES, RATE = 100, 1024, 784, 10, 0.5
EXAMPLES = {1: 15, 32: 7, 256: 3, 1000: 3}  # batch size: rounds
APART = 0.1  # several times the standard deviation of a class probability over passes of these networks


def inference(bench: BenchOptions) -> list[BenchRow]:
    """Time Monte Carlo passes of an MLP, from a batch to the mean probabilities, by batch size and threads."""
    width, passes = (16, 5) if bench.quick else (WIDTH, PASSES)
    rows = []
    for threads in sorted({1, available_cores()}):
        with use_threads(threads):
            rows += [_row(count, width, passes, threads, bench) for count in ([1] if bench.quick else EXAMPLES)]
    return rows


def _row(count: int, width: int, passes: int, threads: int, bench: BenchOptions) -> BenchRow:
    unit = f"s, {threads} thread{'s' if threads > 1 else ''}"
    bench.say(f"{passes} passes over {count} example{'s' if count > 1 else ''}, {unit[3:]}")
    works = _works(count, width, passes)
    means = [work() for work in works.values()]
    assert np.abs(means[0] - means[1]).max() < APART / passes**0.5, "not the same network"
    times = time_interleaved(
        {name: partial(median_seconds, work, 1) for name, work in works.items()}, bench.often(EXAMPLES[count])
    )
    said = f"{passes} passes of {PIXELS}-{width}-{width}-{CLASSES}, rate {RATE:g}, {count} at a time"
    ratio, theirs, ours = ratios_to_reference(times, "ours")["loop"], median(times["loop"]), median(times["ours"])
    return BenchRow.of(said, "PyTorch, loop over model(x)", unit, ratio, theirs, ours, "nn.Dropout, inference_mode")


def _works(count: int, width: int, passes: int) -> dict[str, Work]:
    """Return both implementations, with the same weights and examples."""
    x = torch.rand(count, PIXELS, generator=torch.Generator().manual_seed(0))
    enable_plugins()
    with open_composer() as points:
        trial = Trial(canonical(points.config([f"model.hidden=[{width},{width}]", f"rate={RATE}"])), 0)
    y = np.arange(10 * CLASSES) % CLASSES
    shape = np.zeros((len(y), PIXELS), np.float32)  # only the shape matters
    pack = Pack([trial], Dataset("digits", "classification", shape, y, tuple(map(str, range(CLASSES)))))
    params = {name: value.detach() for name, value in pack.params.items()}
    layers = [nn.Linear(*value.shape[1:]) for name, value in params.items() if value.dim() == 3]
    for layer, name in zip(layers, ("hidden0", "hidden1", "output"), strict=True):
        layer.load_state_dict({"weight": params[f"{name}.weight"][0].T, "bias": params[f"{name}.bias"][0]})
    hidden = [part for layer in layers[:-1] for part in (layer, nn.ReLU(), nn.Dropout(RATE))]
    network = nn.Sequential(*hidden, layers[-1]).train()
    return {"loop": partial(_loop, network, x, passes), "ours": partial(_stacked, pack, params, x[None], passes)}


def _loop(network: nn.Module, x: Tensor, passes: int) -> np.ndarray:
    with torch.inference_mode():
        probabilities: np.ndarray = torch.stack([torch.softmax(network(x), -1) for _ in range(passes)]).mean(0).numpy()
        return probabilities


def _stacked(pack: Pack, params: dict[str, Tensor], x: Tensor, passes: int) -> np.ndarray:
    monte_carlo = MonteCarlo(pack.model, params, pack.noise, passes, Streams(0, 0), x[:, :1])
    probabilities = []
    for block in x.split(monte_carlo.block, 1):
        classes = ClassDistribution()
        monte_carlo.run(block, classes.add)
        probabilities.append(classes.done()["probabilities"])
    return np.concatenate(probabilities)
