"""Processes that end while they train, and failed allocations: the others finish, the offender is named."""

import os
import signal
from pathlib import Path

import pytest
import torch

from dropout_lab.sweeps import pack_job as worker
from dropout_lab.sweeps import pool as workers
from dropout_lab.sweeps import process as child
from dropout_lab.sweeps.pool import train_packs

TINY = ["model.hidden=[8]", "train.epochs=2"]


def packs_of(trials, *words, size=2):
    every = trials(*TINY, *words)
    return [tuple(every[i : i + size]) for i in range(0, len(every), size)]


def sabotage_training(monkeypatch, end):
    """Run a function with the seeds of each pack that a forked worker trains."""
    real = worker.train_pack

    def train(pack, *rest):
        end([trial.seed for trial in pack])
        return real(pack, *rest)

    monkeypatch.setattr(worker, "train_pack", train)
    # Replacements are forked too, so that they have this function.
    monkeypatch.setattr(worker.Worker, "_launch", staticmethod(lambda: child.fork_process(worker.serve_packs)))


ENDS = {
    "ended with exit status 7": lambda: os._exit(7),
    "was killed by signal 6 (SIGABRT)": os.abort,
    "was killed by signal 9 (SIGKILL), perhaps because memory ran out": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "was killed by signal 15 (SIGTERM)": lambda: os.kill(os.getpid(), signal.SIGTERM),
}


@pytest.mark.skipif(not child.can_fork(), reason="this process cannot be forked")
@pytest.mark.parametrize("asked", [1, 2])
@pytest.mark.parametrize("reason", ENDS)
def test_the_trial_that_ends_its_process_fails_and_no_other(trials, monkeypatch, reason, asked):
    sabotage_training(monkeypatch, lambda seeds: ENDS[reason]() if 5 in seeds else None)
    packs = packs_of(trials, "seeds=8", size=4)
    epochs, retried = [], []
    done = list(train_packs(packs, asked, epochs.append, lambda failed, halves: retried.append((failed, halves))))
    status = {trial.seed: result.status for each in done for trial, result in zip(each.pack, each.results, strict=True)}
    assert status == {seed: "failed" if seed == 5 else "ok" for seed in range(8)}
    assert next(each.reason for each in done if each.error) == f"its process {reason}"
    assert sum(epochs) == 7 * 2
    sizes = [(len(failed.pack), [len(half) for half in halves]) for failed, halves in retried]
    assert sizes == [(4, [2, 2]), (2, [1, 1]), *([(1, [1])] if "SIGKILL" in reason else [])]


@pytest.mark.skipif(not child.can_fork(), reason="this process cannot be forked")
def test_a_trial_that_is_killed_once_is_trained_again(trials, monkeypatch, tmp_path):
    def kill_once(seeds):
        if not (tmp_path / "killed").exists():
            (tmp_path / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)

    sabotage_training(monkeypatch, kill_once)
    (done,) = train_packs(packs_of(trials, "seeds=1"), 1, lambda n: None)
    assert done.results[0].status == "ok"


@pytest.mark.parametrize("fork", [True, False])
@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 14.6 TiB"),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_a_pack_that_cannot_be_allocated_is_halved(trials, monkeypatch, error, fork):
    def allocate(seeds):
        if len(seeds) > 2:
            raise error

    sabotage_training(monkeypatch, allocate)
    monkeypatch.setattr(workers, "can_fork", lambda: fork and child.can_fork())
    done = list(train_packs(packs_of(trials, "seeds=8", size=8), 1, lambda n: None))
    assert [len(each.pack) for each in done] == [2, 2, 2, 2]
    assert all(result.status == "ok" for each in done for result in each.results)


def test_other_errors_are_not_tried_again(trials, monkeypatch):
    def fail(seeds):
        raise RuntimeError("shapes do not match")

    sabotage_training(monkeypatch, fail)
    (done,) = train_packs(packs_of(trials, "seeds=4", size=4), 1, lambda n: None, lambda *call: pytest.fail("retried"))
    assert {result.error for result in done.results} == {"RuntimeError: shapes do not match"}


def test_the_end_of_a_process_is_described_in_words():
    assert child.describe_exit(3) == "ended with exit status 3"
    assert child.describe_exit(-11) == "was killed by signal 11 (SIGSEGV)"
    assert child.describe_exit(-99) == "was killed by signal 99 (unknown)"


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="only Linux has this file")
def test_a_child_ends_before_its_parent_when_memory_runs_out():
    def serve(asks, answers):
        answers.write(Path("/proc/self/oom_score_adj").read_bytes())
        answers.flush()

    if not child.can_fork():
        pytest.skip("this process cannot be forked")
    process = child.fork_process(serve)
    assert int(process.answers.read()) == int(child.OOM_SCORE)
    process.wait()
    process.close()
