"""Run calls of the API in this process and print, as JSON, what of the process is different after each.

Usage: python host_process.py default|changed CASE ..., where each CASE is a name in CASES; `changed` begins with other
settings than the defaults. Works in the current folder.
"""
# ruff: noqa: T201

import importlib
import json
import locale
import logging
import multiprocessing
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

# Everything that a host may have imported before; what an import itself changes is not the API's doing.
import matplotlib
import numpy as np
import pandas as pd
import sklearn.datasets  # noqa: F401
import torch
from threadpoolctl import threadpool_info

import dropout_lab
from dropout_lab.cli import app as cli
from dropout_lab.errors import ConfigError

NETWORK = """
import os, random, sys, warnings
import numpy as np
import torch
from torch import nn


IMPORTED


class Net(nn.Sequential):
    def forward(self, x):
        if self.training and torch.is_grad_enabled():
            TRAINING
        return super().forward(x)


def make(shape, outputs):
    net = Net(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, outputs))
    return net.float()
"""
CARELESS = """
torch.set_default_dtype(torch.float64), torch.set_num_threads(2), torch.set_flush_denormal(True)
torch.rand(1), np.random.rand(), random.random()
sys.argv.append("more"), sys.path.insert(0, "elsewhere"), os.environ.update(CARELESS="1", HOME="/nowhere")
os.chdir("/"), warnings.simplefilter("error")
"""
SMALL = {"data": {"train_size": 100}, "model": {"hidden": [8]}, "train": {"epochs": 2}, "seeds": 2}
CUSTOM = {"data": {"train_size": 100}, "train": {"epochs": 2}, "seeds": 1, "rate": 0.5}
CUSTOM |= {"model": "custom", "model.target": "network:make"}
LOGGERS = ("", "dropout_lab", "hydra", "optuna", "matplotlib")


def flushed_share() -> float:
    """The share of denormal products that torch flushes to zero; each of its threads makes a part of them."""
    return float((torch.full((2**20,), 1e-40, dtype=torch.float32) * 1 == 0).double().mean())


def logging_state() -> dict[str, Any]:
    """Level, handlers, and whether each logger is switched off."""
    found = {}
    for name in LOGGERS:
        logger = logging.getLogger(name)
        found[name] = [logger.level, logger.propagate, logger.disabled, list(map(repr, logger.handlers))]
    return found | {"disable": logging.root.manager.disable, "class": repr(logging.getLoggerClass())}


def random_state() -> dict[str, Any]:
    """The states of the global random generators."""
    numbers = np.random.get_state(legacy=False)
    return {
        "torch": torch.get_rng_state().tolist(),
        "numpy": [numbers["state"]["pos"], numbers["state"]["key"].tolist()],
        "python": random.getstate(),
    }


def torch_state() -> dict[str, Any]:
    """Switches of torch that hold for the whole process."""
    return {
        "threads": torch.get_num_threads(),
        "interop": torch.get_num_interop_threads(),
        "dtype": str(torch.get_default_dtype()),
        "device": str(torch.get_default_device()),
        "flushed": flushed_share(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "precision": torch.get_float32_matmul_precision(),
        "gradients": torch.is_grad_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "mkldnn": torch.backends.mkldnn.enabled,
        "anomaly": torch.is_anomaly_enabled(),
        "printing": repr(torch._tensor_str.PRINT_OPTS),
    }


def process_state() -> dict[str, Any]:
    """What the interpreter and the system keep for the process."""
    return {
        "argv": list(sys.argv),
        "path": list(sys.path),
        "modules": {name: id(module) for name, module in sys.modules.items()},
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
        "signals": {int(number): repr(signal.getsignal(number)) for number in signal.valid_signals()},
        "streams": [id(stream) for stream in (sys.stdout, sys.stderr, sys.stdin)],
        "hooks": [repr(hook) for hook in (sys.excepthook, sys.displayhook, threading.excepthook)],
        "recursion": sys.getrecursionlimit(),
        "locale": locale.setlocale(locale.LC_ALL),
        "start_method": multiprocessing.get_start_method(allow_none=True),
        "children": len(multiprocessing.active_children()),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "files": open_files(),
        "pools": [[each["prefix"], each["num_threads"]] for each in threadpool_info()],
    }


def open_files() -> list[str]:
    """The open files of this process, but for the fonts that matplotlib keeps open."""
    names = [str(link.readlink()) for link in Path("/proc/self/fd").glob("*") if link.is_symlink()]
    return sorted(name for name in names if not name.endswith((".ttf", "/fd")))


def library_state() -> dict[str, Any]:
    """Settings of the libraries that the API uses."""
    return {
        "warnings": [*map(repr, warnings.filters), repr(warnings.showwarning)],
        "numpy_errors": np.geterr(),
        "numpy_printing": repr(np.get_printoptions()),
        "pandas": pd.describe_option(_print_desc=False),
        "matplotlib": {key: repr(value) for key, value in dict.items(matplotlib.rcParams)},
        "pyplot": "matplotlib.pyplot" in sys.modules,
    }


def snapshot() -> dict[str, Any]:
    """All of it, under one name for each thing."""
    parts = {"logging": logging_state, "random": random_state, "torch": torch_state}
    parts |= {"process": process_state, "library": library_state}
    return {f"{part}.{name}": value for part, state in parts.items() for name, value in state().items()}


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, str]:
    """What is not as it was; of modules only those that were replaced."""
    loaded = before["process.modules"]
    after["process.modules"] = {name: after["process.modules"].get(name) for name in loaded}
    found = {}
    for name, value in before.items():
        if after[name] != value:
            if isinstance(value, dict):
                keys = [key for key in {*value, *after[name]} if value.get(key) != after[name].get(key)]
                found[name] = ", ".join(map(str, keys))
            else:
                found[name] = f"{str(value)[:200]} -> {str(after[name])[:200]}"
    return found


def sweep() -> None:
    """A sweep that trains."""
    dropout_lab.sweep(rate=[0, 0.5], out="trained", save_weights=True, **SMALL)


def evaluate() -> None:
    """An evaluation of a finished sweep."""
    dropout_lab.sweep(rate=0.5, out="evaluated", save_weights=True, **SMALL)
    dropout_lab.evaluate(out="evaluated", infer="monte_carlo", **{"infer.passes": 3})


def refused_sweep() -> None:
    """A sweep that raises before it trains."""
    expect(ConfigError, lambda: dropout_lab.sweep(rate=[0, 3], out="refused", **SMALL))


def refused_evaluation() -> None:
    """An evaluation that raises."""
    expect(ConfigError, lambda: dropout_lab.evaluate(out="nowhere", infer="monte_carlo"))


def interrupted_sweep() -> None:
    """A sweep that is interrupted while it trains."""
    write_network(training="if len(x) == 64: import os, signal; os.kill(os.getppid(), signal.SIGINT)")
    expect(KeyboardInterrupt, lambda: dropout_lab.sweep(out="interrupted", **CUSTOM))


def failed_sweep() -> None:
    """A sweep whose trials fail while they are trained."""
    write_network(training="if len(x) == 64: raise RuntimeError('out of order')")
    assert set(dropout_lab.sweep(out="failed", **CUSTOM)["status"]) == {"failed"}


def careless_network() -> None:
    """A sweep over a network whose code changes the process."""
    write_network(imported=CARELESS)
    dropout_lab.sweep(out=str(Path("careless").resolve()), **CUSTOM)
    assert importlib.import_module("network").HOST


def tuned_sweep() -> None:
    """A sweep whose settings Optuna chooses."""
    dropout_lab.sweep(arms="inverted", tune=True, budget=3, sampler="optuna", out="tuned", **SMALL)


def wide_sweep() -> None:
    """A sweep that trains on several threads of torch."""
    settings = {"data": {"train_size": 100}, "model": {"hidden": [1024, 1024]}, "train": {"epochs": 1}, "seeds": 1}
    dropout_lab.sweep(rate=0.5, out="wide", **settings)


def command() -> None:
    """The command line, called as a function."""
    expect(SystemExit, lambda: cli.main(["train", "rate=0.5", "train.epochs=1", "data.train_size=100"]))


CASES: dict[str, Callable[[], None]] = {
    "sweep": sweep,
    "evaluate": evaluate,
    "refused_sweep": refused_sweep,
    "refused_evaluation": refused_evaluation,
    "interrupted_sweep": interrupted_sweep,
    "failed_sweep": failed_sweep,
    "careless_network": careless_network,
    "tuned_sweep": tuned_sweep,
    "wide_sweep": wide_sweep,
    "command": command,
}


def expect(kind: type[BaseException], call: Callable[[], object]) -> None:
    """Call, and fail unless it raises this."""
    try:
        call()
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was not raised")


def write_network(training: str = "pass", imported: str = "pass") -> None:
    """Write network.py with code to run when it is trained or imported; this process has an earlier version of it."""
    here = str(Path.cwd())
    Path("network.py").write_text("HOST = True")
    sys.path.insert(0, here)
    importlib.import_module("network")
    sys.path.remove(here)
    Path("network.py").write_text(NETWORK.replace("TRAINING", training).replace("IMPORTED", imported))


def change_settings() -> None:
    """Other settings than the defaults, as a host may have chosen them."""
    torch.set_flush_denormal(True)
    torch.set_num_threads(2)
    torch.set_default_dtype(torch.float64)
    np.random.seed(1)
    random.seed(1)
    warnings.simplefilter("ignore")
    sys.path.append("somewhere")


def main() -> None:
    """Run the cases and print the differences after each."""
    host, *names = sys.argv[1:]
    if host == "changed":
        change_settings()
    if "tuned_sweep" in names:
        importlib.import_module("optuna").logging.get_verbosity()  # configures logging when it is first used
    found = {}
    for name in names:
        before = snapshot()
        with redirect_stdout(sys.stderr):
            CASES[name]()
        found[name] = differences(before, snapshot())
    print(json.dumps(found))


if __name__ == "__main__":
    main()
