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

from dropout_lab.sweeps import pack_job as worker
from dropout_lab.sweeps import pool as workers
from dropout_lab.sweeps import process as child
from dropout_lab.sweeps.pack_job import benefits_from_threads, threads_for, train_or_fail
from dropout_lab.sweeps.pool import train_packs

TINY = ["model.hidden=[8]", "train.epochs=2"]


def packs_of(trials, *words):
    every = trials(*TINY, *words)
    return [tuple(every[i : i + 2]) for i in range(0, len(every), 2)]


def figures(trained):
    timing = {"train_seconds", "seconds_per_epoch"}
    return {
        t.id: {k: v for k, v in r.measured.items() if k not in timing}
        for each in trained
        for t, r in zip(each.pack, each.results, strict=True)
    }


@pytest.fixture
def launching(monkeypatch):
    """As where this process cannot be copied: workers are new interpreters."""
    monkeypatch.setattr(workers, "can_fork", lambda: False)
    monkeypatch.setattr(worker, "fork_process", lambda serve: pytest.fail("copied"))


def check_same_figures_here_and_there(packs):
    epochs = []
    here = figures(train_or_fail(pack, lambda n: None) for pack in packs)
    there = figures(train_packs(packs, 2, epochs.append))
    assert here == there
    assert sum(epochs) == 6 * 2


@pytest.mark.skipif(not child.can_fork(), reason="this process cannot be copied")
def test_copies_train_the_same_figures_to_the_bit(trials, monkeypatch):
    monkeypatch.setattr(worker, "launch_process", lambda module: pytest.fail("launched"))
    check_same_figures_here_and_there(packs_of(trials, "rate=0,0.5", "seeds=3"))


def test_new_interpreters_train_the_same_figures_to_the_bit(trials, launching):
    check_same_figures_here_and_there(packs_of(trials, "rate=0,0.5", "seeds=3"))


def test_auto_launches_only_for_what_takes_long(trials, monkeypatch, launching):
    monkeypatch.setattr(worker, "launch_process", lambda module: pytest.fail("launched"))
    packs = packs_of(trials, "seeds=4")
    monkeypatch.setattr(workers, "HAND_OVER_SECONDS", 1e3)
    assert len(figures(train_packs(packs, "auto", lambda n: None))) == 4
    monkeypatch.setattr(workers, "HAND_OVER_SECONDS", 0.0)
    monkeypatch.setattr(workers, "available_cores", lambda: 1)
    assert len(figures(train_packs(packs, "auto", lambda n: None))) == 4  # nobody to hand over to


def test_auto_trains_everything_once_when_it_hands_over(trials, monkeypatch, launching):
    monkeypatch.setattr(workers, "HAND_OVER_SECONDS", 0.0)
    monkeypatch.setattr(workers, "available_cores", lambda: 2)
    packs = packs_of(trials, "seeds=6")
    done = [trained.pack for trained in train_packs(packs, "auto", lambda n: None)]
    assert done[0] == packs[0]
    assert sorted(done, key=packs.index) == packs


def no_room(*ignored):
    raise OSError(12, "no memory")


def test_what_cannot_be_hired_is_done_without(trials, monkeypatch):
    for way in ("fork_process", "launch_process"):
        monkeypatch.setattr(worker, way, no_room)
    assert len(figures(train_packs(packs_of(trials, "seeds=4"), 2, lambda n: None))) == 4


def test_a_copy_has_nothing_of_the_callers_but_its_pipes(tmp_path):
    def serve(asks, answers):
        asks.read(1)
        files = [path.readlink() for path in Path("/proc/self/fd").iterdir() if int(path.name) > 2 and path.exists()]
        answers.write("\n".join(map(str, files)).encode())
        answers.flush()

    if not child.can_fork():
        pytest.skip("this process cannot be copied")
    with (tmp_path / "lock").open("w"):
        first, second = child.fork_process(serve), child.fork_process(serve)
        first.asks.close()  # the second must not hold it open
        assert first.wait() == 0
        second.asks.write(b"x")
        second.asks.flush()
        found = second.answers.read().decode().splitlines()
        assert second.wait() == 0
    first.close()
    second.close()
    assert sum(path.startswith("pipe:") for path in found) == 2
    assert {path for path in found if not path.startswith("pipe:")} <= {os.devnull}


def test_a_process_with_threads_of_others_is_not_copied():
    there, over = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: there.set() or over.wait())
    thread.start()
    there.wait()
    try:
        assert not child.can_fork()
    finally:
        over.set()
        thread.join()


def test_workers_that_cannot_be_replaced_leave_the_rest_to_the_others(trials, monkeypatch):
    real = worker.Worker._train
    crew = []
    all_there = threading.Barrier(3)

    def sabotage(self, pack):
        if self not in crew:
            all_there.wait(timeout=60)
            crew.append(self)
            self._child.kill()
            monkeypatch.setattr(worker, "launch_process", no_room)
        return real(self, pack)

    monkeypatch.setattr(worker.Worker, "_train", sabotage)
    packs = packs_of(trials, "seeds=8")
    done = list(train_packs(packs, 3, lambda n: None))
    assert sorted(trial.seed for each in done for trial in each.pack) == list(range(8))
    assert all(result.status == "ok" for each in done for result in each.results)  # trained by this process


def test_a_python_error_in_a_worker_comes_back(trials):
    bad = tuple(trials("data=wine", "data.val_fraction=0.001", "seeds=1"))  # refused before this point in real life
    (done, fine) = train_packs([bad, *packs_of(trials, "seeds=1")], 2, lambda n: None)
    results = {t.pack == bad: t for t in (done, fine)}
    assert results[True].results[0].error.startswith("ValueError: data=wine leaves no example")
    assert "Traceback" in results[True].error
    assert results[False].results[0].status == "ok"


def test_threads_depend_on_the_pack_alone(trials):
    (small,) = trials("seeds=1")
    (large,) = trials("seeds=1", "model.hidden=[1024,1024]", "train.batch_size=128")
    assert not benefits_from_threads((small,))
    assert benefits_from_threads((large,))
    assert threads_for((small,)) == 1
    assert threads_for((large,)) == workers.available_cores()


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
    words = ["sweep", "model=cnn", "seeds=40", "workers=2", "max_pack_size=1"]
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
    assert len(crew) == 2
    os.kill(running.pid, how)
    running.wait()
    deadline = time.monotonic() + 120
    while any(alive(pid) for pid in crew):
        assert time.monotonic() < deadline, "a worker is still there"
        time.sleep(0.1)
    kept = pd.read_csv(rows, dtype={"trial_id": str})
    assert kept["trial_id"].is_unique
    assert (kept["status"] == "ok").all()
