"""Workloads of the benchmarks: the same network, data and recipe for dropout-lab and for its peers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dropout_lab.bench.peers.task import Task, words
from dropout_lab.bench.programs import OURS, PEERS, Program, compare_programs, sweep, training
from dropout_lab.bench.table import BenchRow
from dropout_lab.config import DataConf
from dropout_lab.data import load
from dropout_lab.errors import format_setting
from dropout_lab.rng import Streams
from dropout_lab.train.splits import make_splits


@dataclass(frozen=True)
class BenchOptions:
    """Options of a benchmark.

    Args:
        say: prints progress.
        root: folder of MNIST.
        quick: tiny sizes, which test that everything runs; the ratios are meaningless.
        rounds: number of rounds; 0 for the default of the subject.
        peers: programs to compare with, by module name; all if empty.
    """

    say: Callable[[str], None]
    root: str = ""
    quick: bool = False
    rounds: int = 0
    peers: tuple[str, ...] = ()

    def often(self, rounds: int) -> int:
        """Return the number of rounds for a subject with this default."""
        return 1 if self.quick else self.rounds or rounds

    def chosen(self, programs: Sequence[Program]) -> list[Program]:
        """Return the programs selected by ``peers``."""
        names = {f"{PEERS}.{name}" for name in self.peers}
        return [program for program in programs if not names or program.module in names]


def sweep_overrides(task: Task, **more: str) -> list[str]:
    """Return the overrides of dropout-lab for a task; ``more`` adds or replaces settings."""
    shapes: dict[str, dict[str, Any]] = {
        "mlp": {"model.hidden": task.hidden},
        "cnn": {"model.channels": task.channels, "model.head": task.head},
        "lstm": {"model.units": task.units},
    }
    settings: dict[str, Any] = {"data": task.data, "model": task.model, **shapes[task.model], "train": task.optimizer}
    settings |= {"train.epochs": task.epochs, "train.batch_size": task.batch_size, "train.lr": task.lr}
    settings |= {"train.momentum": task.momentum} if task.optimizer == "sgd" else {}
    settings |= {"data.val_fraction": task.val_fraction, "data.train_size": task.train, "seeds": task.seeds}
    settings |= {"data.root": task.root} if task.root else {}
    bounds = [bound for bound in task.max_norms if bound]
    if bounds:
        settings |= {"regularizer": "none,max_norm" if 0 in task.max_norms else "max_norm"}
    settings |= more
    axes = {"rate": task.rates} | ({"regularizer.max_norm": bounds} if bounds else {})
    texts = [f"{key}={value if isinstance(value, str) else format_setting(value)}" for key, value in settings.items()]
    return texts + [f"{key}={','.join(format_setting(value) for value in values)}" for key, values in axes.items()]


def single_trials(task: Task, count: int) -> list[list[str]]:
    """Return the command-line arguments of processes that train one trial each, for the first ``count`` trials."""
    grid = [(rate, seed) for seed in task.seeds for rate in task.rates]
    return [words(replace(task, rates=[rate], seeds=[seed])) for rate, seed in grid[:count]]


def strong_loop(task: Task, trials: int = 0) -> Program:
    """Return the strongest plain PyTorch loop, on all seeds or on the first seeds that make up ``trials`` trials."""
    arms = len(task.rates) * len(task.max_norms)
    of = arms * len(task.seeds)
    some = replace(task, seeds=task.seeds[: max(1, trials // arms)] if trials else task.seeds)
    threads = f"{task.threads} thread" if task.threads else ""
    note = "; ".join(filter(None, ["tensors in memory, fused optimizer", threads]))
    done = arms * len(some.seeds)
    return Program("PyTorch, strongest loop", f"{PEERS}.strong_loop", [words(some)], done, of, note=note)


def plain_loop(task: Task, trials: int, abreast: int = 1) -> Program:
    """Return the training loop of the PyTorch tutorials, one process per trial."""
    name = "PyTorch, DataLoader" + (f", {abreast} processes at a time" if abreast > 1 else "")
    of = len(task.rates) * len(task.seeds)
    note = "a process a trial"
    commands = single_trials(task, trials)
    return Program(name, f"{PEERS}.plain_loop", commands, len(commands), of, ("torchvision",), True, abreast, note)


def lightning(task: Task, trials: int, launcher: str) -> Program:
    """Return Lightning under Hydra's multirun."""
    base = replace(task, rates=[0.5], seeds=[0])
    fixed = [
        f"{name}={format_setting(getattr(base, name))}" for name in ("model", "hidden", "data", "epochs", "batch_size")
    ]
    fixed += [f"root='{task.root}'", f"train={task.train}", f"val_fraction={task.val_fraction}"]
    fixed += [f"test={format_setting(task.test)}"]
    seeds = task.seeds[: max(1, trials // len(task.rates))]
    rates = task.rates[:trials]
    axes = [f"rate={','.join(map(format_setting, rates))}", f"seed={','.join(map(str, seeds))}"]
    extra = ["hydra/launcher=joblib"] if launcher == "joblib" else []
    needs = ("lightning", "hydra_plugins.hydra_joblib_launcher") if launcher == "joblib" else ("lightning",)
    done, of = len(rates) * len(seeds), len(task.rates) * len(task.seeds)
    command = ["--multirun", *extra, *fixed, *axes]
    name = f"Lightning, Hydra multirun, {launcher} launcher"
    return Program(name, f"{PEERS}.lightning_multirun", [command], done, of, needs)


def jax_vmap(task: Task) -> Program:
    """Return a JAX program that trains all trials in one vmap."""
    of = len(task.rates) * len(task.seeds)
    name, note = "JAX, vmap over all trials", "compile time counted"
    return Program(name, f"{PEERS}.jax_vmap", [words(task)], of, of, ("jax", "optax"), note=note)


def keras_lstm(task: Task, trials: int) -> Program:
    """Return the Keras 3 program on the torch backend."""
    some = replace(task, seeds=task.seeds[:trials])
    note = "on both sides one mask of the recurrent states for a sequence; ours is the variant variational"
    of, done = len(task.seeds), len(some.seeds)
    return Program("Keras 3, torch backend", f"{PEERS}.keras_lstm", [words(some)], done, of, ("keras",), note=note)


def digits(bench: BenchOptions) -> list[BenchRow]:
    """Run benchmark (a): 100 small MLPs, each program timed from start to exit."""
    task = _digits(bench)
    trials = len(task.rates) * len(task.seeds)
    few = 2 if bench.quick else 4
    peers = [strong_loop(replace(task, threads=1), 4 if bench.quick else 20), jax_vmap(task)]
    peers += [plain_loop(task, few), plain_loop(task, few, abreast=2)]
    peers += [lightning(task, len(task.rates), "basic"), lightning(task, 2 * len(task.rates), "joblib")]
    work = f"digits, MLP {_shape(task.hidden)}, {len(task.rates)} rates x {len(task.seeds)} seeds, {task.epochs} epochs"
    return compare_programs(work, sweep(sweep_overrides(task), trials), bench.chosen(peers), bench.often(3), bench.say)


def digits_training(bench: BenchOptions) -> list[BenchRow]:
    """Run benchmark (a) without start, imports and plots, for the programs that train all trials in one process."""
    task = _digits(bench)
    trials = len(task.rates) * len(task.seeds)
    peers = [strong_loop(replace(task, threads=1), 4 if bench.quick else 20), jax_vmap(task)]
    work = f"digits, MLP {_shape(task.hidden)}, {len(task.rates)} rates x {len(task.seeds)} seeds, {task.epochs} epochs"
    return compare_programs(
        work, training(sweep_overrides(task), trials), bench.chosen(peers), bench.often(3), bench.say, inside=True
    )


def _digits(bench: BenchOptions) -> Task:
    # The accuracies are comparable only if all programs have the same test set.
    test = make_splits(load("digits"), DataConf(), Streams(0))["test"].tolist()
    if bench.quick:
        return Task(hidden=[32, 32], epochs=8, rates=[0.0, 0.2], seeds=[0, 1], test=test)
    return Task(rates=[0.0, 0.1, 0.3, 0.5, 0.7], seeds=list(range(20)), test=test)


def mnist(bench: BenchOptions) -> list[BenchRow]:
    """Run benchmark (b): one wide MLP."""
    size: dict[str, Any] = {"epochs": 1, "train": 3200} if bench.quick else {"epochs": 10, "train": 12800}
    task = replace(_mnist(bench), hidden=[128, 128] if bench.quick else [1024, 1024], **size)
    work = f"MNIST, MLP {_shape(task.hidden)}"
    rows = _trained(work, task, bench, [strong_loop(task), plain_loop(task, 1)], 3)
    return rows + _trained(f"{work}, ours in bf16", task, bench, [strong_loop(task)], 3, precision="bf16")


def cnn(bench: BenchOptions) -> list[BenchRow]:
    """Run benchmark (c): convolutional networks with four seeds."""
    task = replace(_mnist(bench), model="cnn", rates=[0.3], train=3200, seeds=[0, 1, 2, 3], epochs=10)
    if bench.quick:
        task = replace(task, epochs=1, channels=[4, 8], seeds=[0])
    peers = [strong_loop(task), plain_loop(task, 1)]
    return _trained(f"MNIST, CNN {_shape(task.channels)}, {len(task.seeds)} seeds", task, bench, peers, 3)


def lstm(bench: BenchOptions) -> list[BenchRow]:
    """Run benchmark (d): LSTMs over the rows of images with four seeds."""
    # A larger learning rate, so that all programs learn in a few epochs.
    task = replace(_mnist(bench), model="lstm", rates=[0.3], lr=5e-3, train=6400, seeds=[0, 1, 2, 3], epochs=10)
    if bench.quick:
        task = replace(task, train=3200, epochs=1, units=32, seeds=[0])
    work = f"MNIST rows, LSTM {task.units}, {len(task.seeds)} seeds"
    return _trained(work, task, bench, [strong_loop(task), plain_loop(task, 1)], 3)


def recurrent(bench: BenchOptions) -> list[BenchRow]:
    """Run benchmark (d) with dropout on the recurrent connection of the LSTM."""
    size: dict[str, Any] = {"train": 3200, "units": 32, "epochs": 2} if bench.quick else {"train": 6400, "epochs": 5}
    task = replace(_mnist(bench), model="lstm", rates=[0.3], lr=5e-3, **size)
    only_recurrent = {"variant": "variational", "input_rate": "0", "inter_layer_rate": "0", "output_rate": "0"}
    work = f"MNIST rows, LSTM {task.units}, recurrent dropout"
    return _trained(work, task, bench, [keras_lstm(task, 1)], 3, **only_recurrent)


def _mnist(bench: BenchOptions) -> Task:
    return Task(data="mnist", root=bench.root, epochs=1, batch_size=32 if bench.quick else 128, val_fraction=0.05)


def _trained(
    work: str, task: Task, bench: BenchOptions, peers: list[Program], rounds: int, **more: str
) -> list[BenchRow]:
    trials = len(task.rates) * len(task.seeds) * len(task.max_norms)
    epochs = f"{task.epochs} epoch{'s' if task.epochs > 1 else ''}"
    said = f"{work}, {epochs} of {task.train:,} examples, batch {task.batch_size}"
    ours = training(sweep_overrides(task, **more), trials)
    assert ours.name == OURS
    return compare_programs(said, ours, bench.chosen(peers), bench.often(rounds), bench.say, inside=True)


def _shape(widths: Sequence[int]) -> str:
    return "-".join(map(str, widths))


def has_mnist(root: str) -> bool:
    """Return whether the folder contains MNIST."""
    return (Path(root) / "MNIST/raw/train-images-idx3-ubyte").exists()
