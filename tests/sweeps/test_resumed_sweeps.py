"""A sweep that is killed inside a trial continues from its checkpoints; its rows equal those of an undisturbed one."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dropout_lab.sweeps.outcome import Interrupted
from dropout_lab.sweeps.pack_checkpoints import usable_checkpoints
from dropout_lab.sweeps.run import run_arms
from dropout_lab.train.pack import Pack

from .test_run import read, stored

OFTEN = "train.checkpoint_minutes=0.00001"  # before each step
WORDS = ["model.hidden=[8]", "train.epochs=3", "data.train_size=300", "rate=0,0.4"]  # 5 steps per epoch


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Train in this process, in which a test can end a step; as where processes cannot be forked."""
    monkeypatch.setattr("dropout_lab.sweeps.pool.can_fork", lambda: False)


def run(arms_of, *words):
    lines = []
    run_arms(arms_of(*words), lines.append)
    return lines


def kill_at(monkeypatch, at, error=KeyboardInterrupt):
    """Let training end with an error at this step, counted from 0; returns the number of steps so far."""
    real, steps = Pack.step, []

    def step(self, rows):
        if len(steps) == at:
            raise error
        steps.append(rows)
        return real(self, rows)

    monkeypatch.setattr(Pack, "step", step)
    return steps


def interrupt(arms_of, monkeypatch, at, *words):
    with monkeypatch.context() as patch:
        kill_at(patch, at)
        with pytest.raises(Interrupted):
            run(arms_of, *words)


def curves(folder):
    return sorted(Path(f"{folder}/curves.csv").read_text().splitlines())


def check_equal(folder, other="undisturbed"):
    assert stored(folder) == stored(other)
    assert curves(folder) == curves(other)
    assert not Path(f"{folder}/checkpoints").exists()
    assert not list(Path(f"{folder}/.dropout-lab/running").iterdir())


@pytest.mark.parametrize("at", [1, 7, 14, 22])
def test_an_interrupted_sweep_continues_inside_its_trials(at, folder, arms_of, monkeypatch):
    words = [*WORDS, "seeds=3", "max_pack_size=3", "workers=1"]
    run(arms_of, *words, "out=undisturbed", "train.checkpoint_minutes=0")
    interrupt(arms_of, monkeypatch, at, *words, "out=out", OFTEN)
    assert len(usable_checkpoints("out")) == 1
    steps = kill_at(monkeypatch, None)
    lines = run(arms_of, *words, "out=out", OFTEN)
    assert lines[1] == f"checkpoint: 3 trials continue in epoch {at % 15 // 5 + 1} of 3"
    assert len(steps) == 30 - at  # no step is repeated
    check_equal("out")


def test_without_checkpoints_the_pack_starts_again(folder, arms_of, monkeypatch):
    words = [*WORDS, "seeds=1", "out=out", "train.checkpoint_minutes=null"]
    interrupt(arms_of, monkeypatch, 10, *words)
    assert not (folder / "out/checkpoints").exists()
    steps = kill_at(monkeypatch, None)
    run(arms_of, *words)
    assert len(steps) == 15


def test_a_larger_grid_forms_the_pack_of_the_checkpoint_again(folder, arms_of, monkeypatch):
    words = [*WORDS, "seeds=3", "max_pack_size=4", "workers=1", "out=out", OFTEN]
    interrupt(arms_of, monkeypatch, 8, *words)
    (header,) = usable_checkpoints("out")
    more = ["rate=0,0.2,0.4", "seeds=4", "max_pack_size=5", "workers=1", *WORDS[:3], "out=out", OFTEN]
    lines = run(arms_of, *more)
    assert f"checkpoint: {len(header.trials)} trials continue in epoch 2 of 3" in lines
    rows = stored("out")
    assert len(rows) == 12
    assert {rows[i]["pack_size"] for i in header.trials} == {str(len(header.trials))}
    run(arms_of, *words[:-2], "out=undisturbed")
    before = stored("undisturbed")
    assert {i: rows[i] for i in header.trials} == {i: before[i] for i in header.trials}
    assert not (folder / "out/checkpoints").exists()


def test_a_checkpoint_waits_while_other_trials_are_wanted(folder, arms_of, monkeypatch):
    words = [*WORDS, "seeds=2", "workers=1"]
    run(arms_of, *words, "out=undisturbed")
    interrupt(arms_of, monkeypatch, 8, *words, "out=out", OFTEN)
    run(arms_of, *WORDS, "seeds=[7]", "workers=1", "out=out")
    steps = kill_at(monkeypatch, None)
    run(arms_of, *words, "out=out")
    assert len(steps) == 15 - 8
    assert {i: row for i, row in stored("out").items() if i in stored("undisturbed")} == stored("undisturbed")


def test_a_checkpoint_of_trials_that_were_trained_otherwise_is_removed(folder, arms_of, monkeypatch):
    words = [*WORDS, "seeds=2", "workers=1", "out=out"]
    interrupt(arms_of, monkeypatch, 8, *words, OFTEN)
    (path,) = (folder / "out/checkpoints").iterdir()
    content = path.read_bytes()
    run(arms_of, *WORDS, "seeds=[0]", "workers=1", "out=out")
    assert path.exists()
    run(arms_of, *WORDS, "seeds=[1]", "workers=1", "out=out")
    assert not path.parent.exists()
    path.parent.mkdir()  # as after a kill between the rows and the removal
    path.write_bytes(content)
    assert run(arms_of, *words) == ["out: all 4 trials already completed"]
    assert not (folder / "out/checkpoints").exists()


@pytest.mark.parametrize("damage", ["header", "state", "cut", "threads"])
def test_a_damaged_checkpoint_is_named_in_one_line_and_training_starts_anew(
    damage, folder, arms_of, monkeypatch, capfd
):
    words = [*WORDS, "seeds=1", "workers=1"]
    run(arms_of, *words, "out=undisturbed")
    interrupt(arms_of, monkeypatch, 8, *words, "out=out", OFTEN)
    (path,) = (folder / "out/checkpoints").iterdir()
    content = path.read_bytes()
    changed = {
        "header": b"}" + content,
        "state": content[:-900] + bytes([content[-900] ^ 1]) + content[-899:],
        "cut": content[:-900],
        "threads": content.replace(b'"threads": ', b'"threads": 1', 1),
    }
    path.write_bytes(changed[damage])
    steps = kill_at(monkeypatch, None)
    lines = run(arms_of, *words, "out=out", OFTEN)
    said = [line for line in [*lines, *capfd.readouterr().err.splitlines()] if str(path.relative_to(folder)) in line]
    assert len(said) == 1
    assert "damaged" in said[0] or "threads" in said[0]
    assert len(steps) == 15
    check_equal("out")


def test_a_failed_pack_keeps_its_checkpoint_for_the_next_command(folder, arms_of, monkeypatch):
    words = [*WORDS, "seeds=2", "workers=1"]
    run(arms_of, *words, "out=undisturbed")
    with monkeypatch.context() as patch:
        kill_at(patch, 11, RuntimeError("broken"))
        run(arms_of, *words, "out=out", OFTEN)
    assert {row["status"] for row in stored("out").values()} == {"failed"}
    assert len(usable_checkpoints("out")) == 1
    run(arms_of, *words, "out=out", OFTEN)
    check_equal("out")


def test_a_checkpoint_that_cannot_be_written_is_no_reason_to_stop(folder, arms_of, monkeypatch, capfd):
    (folder / "out").mkdir()
    (folder / "out/checkpoints").write_text("a file where the folder would be")
    lines = run(arms_of, *WORDS, "seeds=1", "workers=1", "out=out", OFTEN)
    assert len(stored("out")) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("dropout-lab: out/checkpoints/")
    assert "cannot be written (" in line
    assert len(lines) == 1


def train_until_checkpoints(words, count, folder):
    """Start the command, and kill it with all of its processes when there are so many checkpoints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dropout_lab", "sweep", *words],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + 120
    while len(usable_checkpoints(folder)) < count and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_process_loses_nothing_but_the_time_since_its_checkpoint(workers, folder, arms_of):
    words = ["model.hidden=[64]", "train.epochs=150", "rate=0,0.5", "seeds=2", "max_pack_size=2", f"workers={workers}"]
    words += ["regularizer=early_stopping", "regularizer.early_stopping=120"]
    run(arms_of, *words, "out=undisturbed", "train.checkpoint_minutes=0")
    for _ in range(2):
        train_until_checkpoints([*words, "out=out", "train.checkpoint_minutes=0.002"], workers, "out")
    lines = run(arms_of, *words, "out=out")
    assert sum(line.startswith("checkpoint: 2 trials continue in epoch ") for line in lines) >= workers
    deadline = time.monotonic() + 60
    while list(Path("out").glob(".dropout-lab/running/*")) and time.monotonic() < deadline:
        time.sleep(0.1)  # a worker of the killed process ends after its epoch
    assert stored("out") == stored("undisturbed")
    assert curves("out") == curves("undisturbed")
    assert len(read("out/trials.csv")) == 4
