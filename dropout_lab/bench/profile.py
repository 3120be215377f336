"""Profile of a training step by kind of operation, measured with torch's profiler.

The profiler adds overhead to every operation, so it overstates the share of small operations.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from dropout_lab.config.compose import open_composer
from dropout_lab.config.plugins import enable_plugins
from dropout_lab.data import load
from dropout_lab.data.paths import data_root
from dropout_lab.errors import ConfigError
from dropout_lab.files import replace_file
from dropout_lab.process_settings import flush_denormals, keep_freed_memory, use_threads
from dropout_lab.sweeps.interleaved import describe_machine
from dropout_lab.sweeps.pack_job import threads_for
from dropout_lab.train.pack import Pack
from dropout_lab.trial import Trial, canonical

MNIST = ["data=mnist", "data.train_size=6400", "data.val_fraction=0.05", "train.batch_size=128"]
# The workloads of workloads.py: words, and number of models in the pack.
WORKS: dict[str, tuple[list[str], int]] = {
    "digits, 50 MLPs 128-128": (["rate=0.3"], 50),
    "MNIST, MLP 1024-1024": ([*MNIST, "model.hidden=[1024,1024]", "rate=0.5"], 1),
    "MNIST, MLP 1024-1024, bf16": ([*MNIST, "model.hidden=[1024,1024]", "rate=0.5", "precision=bf16"], 1),
    "MNIST, CNN 32-64": ([*MNIST, "model=cnn", "model.channels=[32,64]", "model.head=[128]", "rate=0.3"], 1),
    "MNIST rows, LSTM 128": ([*MNIST, "model=lstm", "model.units=128", "rate=0.3"], 1),
}
STEP = "step"
KINDS = {
    "matrix products": ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "mkldnn::_linear_pointwise"),
    "convolutions": ("aten::mkldnn_convolution", "aten::convolution_backward"),
    "recurrent layers": ("aten::mkldnn_rnn_layer", "aten::mkldnn_rnn_layer_backward"),
    "pooling": ("aten::max_pool2d_with_indices", "aten::max_pool2d_with_indices_backward"),
    "optimizer": ("aten::_fused_adam_",),
    "copies, casts and zeros": ("aten::copy_", "aten::fill_", "aten::zero_"),
    "random bits, Python": (STEP,),
}
REST = "other operations, element by element for the most part"
COLUMNS = ("work", "threads", "part", "share")
WARM, STEPS = 30, 40
SPARE = 32  # blocks of 16 MiB


def measure(root: str, steps: int = STEPS, say: Callable[[str], None] = print) -> str:
    """Return the profile as CSV text: the share of each kind of operation in the time of the steps, in percent.

    Args:
        root: folder of MNIST.
        steps: number of profiled steps per workload.
        say: prints progress.
    """
    enable_plugins()
    keep_freed_memory()
    out = io.StringIO()
    out.write(f"# share of a training step, % of its time under torch's profiler; {describe_machine()}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    with flush_denormals():
        for work, (words, models) in WORKS.items():
            say(work)
            trials = _trials([*words, f"data.root={root}"] if "data=mnist" in words else words, models)
            with use_threads(threads_for(trials)):
                rows = shares(trials, steps)
            writer.writerows([work, threads_for(trials), part, f"{100 * share:.1f}"] for part, share in rows.items())
    return out.getvalue()


def _trials(words: Sequence[str], models: int) -> tuple[Trial, ...]:
    with open_composer() as points:
        config = points.config(words)
    return tuple(Trial(canonical(config), seed) for seed in range(models))


def shares(trials: Sequence[Trial], steps: int) -> dict[str, float]:
    """Return the share of each kind of operation in the time of a pack's steps, from 0 to 1, largest first.

    Kinds that do not occur are left out.
    """
    config = trials[0].config
    pack = Pack(trials, load(config.data.kind, **config.source))
    batches = list(islice(cycle(pack.begin(1)), WARM + steps))
    for rows in batches[:WARM]:
        pack.step(rows)
    # The profiler's records occupy memory between the blocks that a step frees, so that the next step cannot reuse
    # them. Without spare memory it would request new pages from the system, which takes longer than the products.
    spare = [torch.ones(2**22) for _ in range(SPARE)]
    del spare
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        for rows in batches[WARM:]:
            with record_function(STEP):
                pack.step(rows)
    spent = {event.key: event.self_cpu_time_total for event in seen.key_averages()}
    return _by_kind(spent)


def _by_kind(spent: Mapping[str, float]) -> dict[str, float]:
    whole = sum(spent.values())
    shares_by_kind = {kind: sum(spent.get(name, 0.0) for name in names) / whole for kind, names in KINDS.items()}
    shares_by_kind = {kind: share for kind, share in shares_by_kind.items() if share > 0}
    shares_by_kind[REST] = 1 - sum(shares_by_kind.values())
    return dict(sorted(shares_by_kind.items(), key=lambda entry: -entry[1]))


def write(say: Callable[[str], None]) -> Path:
    """Measure the profile and write it to ``results/bench/profile.csv`` in the working directory.

    Raises:
        ConfigError: MNIST is not in the data folder.
    """
    root = data_root("").resolve()
    if not (root / "MNIST").exists():
        raise ConfigError(f"bench profile: no MNIST in {root}; set DROPOUT_LAB_DATA, or `dropout-lab data get mnist`")
    target = Path("results/bench/profile.csv")
    target.parent.mkdir(parents=True, exist_ok=True)
    replace_file(target, measure(str(root), say=say))
    return target
