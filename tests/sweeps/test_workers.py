"""Worker processes: the same rows, no orphans, no lost packs."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from dropout_lab.sweeps import workers
from dropout_lab.sweeps.worker import threads_of, wide
from dropout_lab.sweeps.workers import execute

TINY = ["model.hidden=[8]", "train.epochs=2"]


def packs_of(trials, *words, size=2):
    every = trials(*TINY, *words)
    return [tuple(every[i : i + size]) for i in range(0, len(every), size)]


def figures(trained):
    timing = {"train_seconds", "seconds_per_epoch"}
    return {
        t.id: {k: v for k, v in r.measured.items() if k not in timing}
        for pack, results, _ in trained
        for t, r in zip(pack, results, strict=True)
    }


def test_the_same_figures_to_the_bit_here_and_in_workers(trials):
    packs = packs_of(trials, "rate=0,0.5", "seeds=3")
    epochs = []
    here = figures(execute(packs, 1, lambda n: None))
    there = figures(execute(packs, 2, epochs.append))
    assert here == there
    assert sum(epochs) == 6 * 2


def test_auto_hands_over_only_what_takes_long(trials, monkeypatch):
    started = []
    monkeypatch.setattr(workers.Worker, "_start", lambda self: started.append(1) or pytest.fail("started"))
    packs = packs_of(trials, "seeds=4")
    monkeypatch.setattr(workers, "HAND_OVER_SECONDS", 1e3)
    assert len(figures(execute(packs, "auto", lambda n: None))) == 4
    monkeypatch.setattr(workers, "HAND_OVER_SECONDS", 0.0)
    monkeypatch.setattr(workers, "cores", lambda: 1)
    assert len(figures(execute(packs, "auto", lambda n: None))) == 4  # nobody to hand over to
    assert started == []


def test_auto_trains_everything_once_when_it_hands_over(trials, monkeypatch):
    monkeypatch.setattr(workers, "HAND_OVER_SECONDS", 0.0)
    monkeypatch.setattr(workers, "cores", lambda: 2)
    packs = packs_of(trials, "seeds=6")
    done = [trained.pack for trained in execute(packs, "auto", lambda n: None)]
    assert done[0] == packs[0]
    assert sorted(done, key=packs.index) == packs


def test_auto_hands_over_in_the_middle_of_a_long_epoch(trials, monkeypatch):
    monkeypatch.setattr(workers, "HAND_OVER_SECONDS", 0.1)
    monkeypatch.setattr(workers, "cores", lambda: 2)
    attempt, start, hired = workers.attempt, workers.Worker._start, []

    def long(pack, progress):
        if not hired:
            deadline = time.time() + 60
            while not hired and time.time() < deadline:
                time.sleep(0.01)
        return attempt(pack, progress)

    monkeypatch.setattr(workers, "attempt", long)
    monkeypatch.setattr(workers.Worker, "_start", lambda self: hired.append(threading.current_thread()) or start())
    packs = packs_of(trials, "seeds=6")
    assert len(figures(execute(packs, "auto", lambda n: None))) == 6
    assert hired[0] is not threading.main_thread()


def test_what_cannot_be_hired_is_done_without(trials, monkeypatch):
    def refuse():
        raise OSError("no room")

    monkeypatch.setattr(workers.Worker, "_start", staticmethod(refuse))
    assert len(figures(execute(packs_of(trials, "seeds=4"), 2, lambda n: None))) == 4


def test_a_worker_that_dies_fails_its_pack_and_no_other(trials, monkeypatch):
    packs = packs_of(trials, "seeds=6")
    real, killed = workers.Worker._train, []

    def sabotage(self, pack):
        if not killed:
            killed.append(pack)
            self._child.kill()
        return real(self, pack)

    monkeypatch.setattr(workers.Worker, "_train", sabotage)
    done = list(execute(packs, 2, lambda n: None))
    assert sorted([t.pack for t in done], key=packs.index) == packs
    for trained in done:
        assert trained.results[0].status == ("failed" if trained.pack in killed else "ok")
    assert "died with status -9" in next(t.error for t in done if t.error)


def test_workers_that_cannot_be_replaced_leave_the_rest_to_the_others(trials, monkeypatch):
    real = workers.Worker._train
    crew = []
    both_there = threading.Barrier(2)

    def refuse():
        raise OSError(12, "no memory")

    def sabotage(self, pack):
        if self not in crew:
            both_there.wait(timeout=60)
            crew.append(self)
            self._child.kill()
            monkeypatch.setattr(workers.Worker, "_start", staticmethod(refuse))
        return real(self, pack)

    monkeypatch.setattr(workers.Worker, "_train", sabotage)
    packs = packs_of(trials, "seeds=8")
    done = list(execute(packs, 3, lambda n: None))
    assert sorted([t.pack for t in done], key=packs.index) == packs
    assert [t.results[0].status for t in done].count("failed") == 2


def test_a_python_error_in_a_worker_comes_back(trials):
    bad = tuple(trials("data=wine", "data.val_fraction=0.001", "seeds=1"))  # refused before this point in real life
    (done, fine) = execute([bad, *packs_of(trials, "seeds=1")], 2, lambda n: None)
    results = {t.pack == bad: t for t in (done, fine)}
    assert results[True].results[0].error.startswith("ValueError: data=wine leaves no example")
    assert "Traceback" in results[True].error
    assert results[False].results[0].status == "ok"


def test_threads_depend_on_the_pack_alone(trials):
    (small,) = trials("seeds=1")
    (large,) = trials("seeds=1", "model.hidden=[1024,1024]", "train.batch_size=128")
    assert not wide((small,))
    assert wide((large,))
    assert threads_of((small,)) == 1
    assert threads_of((large,)) == workers.cores()


def children_of(pid):
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for children in /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_its_sweep(folder, how):
    words = ["sweep", "model=cnn", "seeds=40", "workers=2", "pack=1"]
    running = subprocess.Popen(
        [sys.executable, "-m", "dropout_lab", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # deaf to it as a shell's background job
    )
    rows = folder / "results/sweep/trials.csv"
    deadline = time.monotonic() + 120
    while not (rows.exists() and len(rows.read_text().splitlines()) > 2):
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    crew = children_of(running.pid)
    assert len(crew) == 1  # beside the sweep itself
    os.kill(running.pid, how)
    running.wait()
    deadline = time.monotonic() + 120
    while any(alive(pid) for pid in crew):
        assert time.monotonic() < deadline, "a worker is still there"
        time.sleep(0.1)
    kept = pd.read_csv(rows, dtype={"trial_id": str})
    assert kept["trial_id"].is_unique
    assert (kept["status"] == "ok").all()
