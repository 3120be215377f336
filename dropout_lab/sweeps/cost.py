"""Cost model of packs: maximum pack size, and estimates of training time and memory."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import torch

from dropout_lab.errors import ConfigError
from dropout_lab.process_settings import use_threads
from dropout_lab.sweeps import pool as workers
from dropout_lab.sweeps.memory import COPIES, is_out_of_memory, physical_memory
from dropout_lab.sweeps.pack_job import threads_for
from dropout_lab.sweeps.plan import PackOf
from dropout_lab.sweeps.process import ProcessEnded, run_isolated
from dropout_lab.sweeps.trial_inputs import build_trial_model, ended_in_trial_run, load_trial_data
from dropout_lab.train.evaluate import evaluate_split
from dropout_lab.train.pack import Pack
from dropout_lab.trial import Trial

# A step of M stacked models takes FIXED + M * multiplications / SPEED, measured on one core with AVX-512: MLPs of 16 to
# 512 units, 1 to 100 models, batches of 64. Stacking divides FIXED among the models. Once a model's share of FIXED is
# OVERHEAD of its own work, a larger stack saves little, loses more work at an interruption, and leaves cores idle at
# the end. Constants are used instead of timing the current machine, because a busy machine would plan other packs and
# so change the rounding of the results.
FIXED = 4e-4  # seconds
SPEED = 2.5e10  # multiplications per second
OVERHEAD = 0.2
MOST_ON_CPU = 64
MOST_ON_GPU = 64
MEMORY_PART = 0.5


def max_pack_size(trial: Trial) -> int:
    """Return the largest number of trials in one pack of trials like this one."""
    config, model = trial.config, build_trial_model(trial)
    if config.max_pack_size != "auto" or model.alone:
        return 1 if model.alone else int(config.max_pack_size)
    if torch.device(config.device).type == "cuda":
        memory = torch.cuda.mem_get_info()[1]
        return max(1, min(MOST_ON_GPU, int(MEMORY_PART * memory / (4 * COPIES * model.size))))
    if not model.stacks:
        return 1
    by_memory = int(MEMORY_PART * physical_memory() / (4 * COPIES * model.size))
    work = 3 * config.train.batch_size * model.size / SPEED
    return max(1, min(MOST_ON_CPU, by_memory, round(FIXED / (OVERHEAD * work))))


@dataclass(frozen=True)
class PackCost:
    """Estimated seconds of training and peak memory in bytes for a list of packs."""

    seconds: float
    bytes: int


def estimate_cost(packs: Sequence[PackOf], budget: float = 5.0) -> PackCost:
    """Estimate the cost of packs from a few timed steps of one pack of each kind; the trained weights are discarded.

    Args:
        packs: the plan.
        budget: seconds after which no further kind of pack is timed; the remaining packs are assumed to cost as much
            per epoch as the timed ones.

    Raises:
        ConfigError: a step cannot be allocated, or the network ends its process.
    """
    started = time.perf_counter()
    timed: dict[tuple[str, int], PackCost] = {}
    seconds, peak, unknown, epochs_known = 0.0, 0, 0, 0
    for pack in packs:
        kind = (pack[0].point.pack_key, len(pack))
        if kind not in timed and time.perf_counter() - started < budget:
            timed[kind] = _timed(pack)
        work = len(pack) * pack[0].config.train.epochs
        if kind in timed:
            seconds += timed[kind].seconds
            peak, epochs_known = max(peak, timed[kind].bytes), epochs_known + work
        else:
            unknown += work
    seconds *= 1 + unknown / max(epochs_known, 1)
    crew = workers.pool_size(packs, seconds)
    return PackCost(seconds / crew, peak * crew)


def _timed(trials: PackOf) -> PackCost:
    """Return the cost of one pack; the user's code runs in another process, which it may end."""
    config = trials[0].config
    try:
        return run_isolated(lambda: _time(trials)) if config.model.kind == "custom" else _time(trials)
    except ProcessEnded as error:
        raise ended_in_trial_run(config, error) from None
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        asked = f"not enough memory to train {len(trials)} trials at once with batches of {config.train.batch_size}"
        raise ConfigError.of(
            "model", config.model.kind, f"{asked}; max_pack_size=1 trains one trial at a time"
        ) from None


def _time(trials: PackOf, steps: int = 4) -> PackCost:
    """Return the cost of training one pack for all its epochs, extrapolated from a few steps and two evaluations."""
    dataset, conf = load_trial_data(trials[0]), trials[0].config.train
    pack = Pack(trials, dataset, build_trial_model(trials[0]))
    batches = pack.feed.epoch(conf.batch_size)
    saved: list[int] = []

    def count(tensor: torch.Tensor) -> torch.Tensor:
        saved.append(tensor.nbytes)
        return tensor

    look = 0.0
    with use_threads(threads_for(trials)):
        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            pack.step(batches[0])
        step = median(_clock(lambda: pack.step(batches[0])) for _ in range(steps))
        if pack.feed.validates:
            with pack.arithmetic:
                look = median(_clock(lambda: _look(pack)) for _ in range(2))
    weights = 4 * COPIES * pack.model.size * len(trials)
    return PackCost(conf.epochs * (len(batches) * step + look), sum(saved) + weights + dataset.x.nbytes)


def _look(pack: Pack) -> None:
    evaluate_split(pack.model, pack.params, pack.feed, "val", pack.task, pack.testing(pack.params))


def _clock(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start
