"""``dropout-lab status``: packs in training as another process sees them."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dropout_lab.sweeps.checkpoint_states import write_checkpoint
from dropout_lab.sweeps.pack_checkpoints import CheckpointHeader, checkpoint_path
from dropout_lab.sweeps.running_packs import PositionFile, list_running, remove_ended
from dropout_lab.train.monitor import PackPosition

TINY = ["model.hidden=[8]", "train.epochs=2", "data.train_size=200", "workers=1"]


def position(**changed):
    values = {"epoch": 12, "step": 40, "steps": 100, "epochs": 400, "models": 2, "epochs_done": 22, "loss": 0.25}
    values |= {"seconds": 7200.0, "here": 60.0, "steps_here": 600}
    return PackPosition(**(values | changed))


@pytest.fixture
def swept(typed, trials):
    """A folder with a finished sweep, and the trials of another pack."""
    typed("sweep", *TINY, "seeds=2", "out=o")
    return trials("model.hidden=[8]", "train.epochs=400", "seeds=2", "rate=0,0.5", "out=o")


def test_nothing_runs_in_the_folder_of_a_finished_sweep(typed, swept):
    assert typed("status", "out=o") == (0, "o: 2 trials finished, 0 left\nno pack is training\n", "")


def test_a_running_pack_is_shown_with_its_speed_and_time_left(typed, swept):
    PositionFile(swept).write(position())
    status, out, err = typed("status", "out=o")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "o: 2 trials finished, 0 left",
        "running: 4 trials",
        "  mlp none,inverted rate=0,0.5 seeds=0,1",
        "  11.4 of 400 epochs, loss 0.25, 10 steps/s, 2.0 h elapsed, 65 min left",
    ]


def test_before_the_first_step_there_is_no_speed(typed, swept):
    PositionFile(swept).write(position(epoch=1, step=0, loss=float("nan"), seconds=0.0, here=0.0, steps_here=0))
    assert typed("status", "out=o")[1].splitlines()[-1] == "  0.0 of 400 epochs, no step yet, 1 s elapsed"
    pack = json.loads(typed("status", "out=o", "--json")[1])["packs"][0]
    assert (pack["loss"], pack["left"], pack["running"]) == (None, None, True)


def test_a_process_that_ended_is_not_running(typed, swept, folder):
    PositionFile(swept).write(position())
    (path,) = (folder / "o/.dropout-lab/running").iterdir()
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    path.write_text(json.dumps(json.loads(path.read_text()) | {"process": child.pid}))
    lines = typed("status", "out=o")[1].splitlines()
    assert lines[1].startswith(f"not running (process {child.pid} on ")
    assert lines[3].endswith("2.0 h elapsed")
    assert not json.loads(typed("status", "out=o", "--json")[1])["packs"][0]["running"]
    remove_ended("o")
    assert list_running("o") == []


def test_another_process_with_the_same_id_is_not_that_one(swept, folder):
    PositionFile(swept).write(position())
    (path,) = (folder / "o/.dropout-lab/running").iterdir()
    assert list_running("o")[0].running
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"started": "1"}))
    assert list_running("o")[0].running == (values["started"] == "")  # without /proc the id alone counts


def test_a_process_of_another_machine_runs_as_long_as_it_writes(swept, folder):
    PositionFile(swept).write(position())
    (path,) = (folder / "o/.dropout-lab/running").iterdir()
    values = json.loads(path.read_text()) | {"host": "elsewhere", "process": 1}
    path.write_text(json.dumps(values))
    assert list_running("o")[0].running
    path.write_text(json.dumps(values | {"written": time.time() - 3600}))
    assert not list_running("o")[0].running


def test_waiting_checkpoints_are_listed(typed, swept):
    ids = [trial.id for trial in swept]
    header = CheckpointHeader(ids, 56, 400, 200, 5400.0, "2", 1)
    write_checkpoint(checkpoint_path("o", ids), header, {})
    assert typed("status", "out=o")[1].splitlines()[-1] == "checkpoint: 4 trials, epoch 56 of 400, after 1.5 h"
    PositionFile(swept).write(position())  # it is in training again
    assert "checkpoint" not in typed("status", "out=o")[1]


def test_failed_and_diverged_trials_are_counted(typed, folder, swept):
    table = folder / "o/trials.csv"
    table.write_text(table.read_text().replace(",ok,", ",failed,", 1))
    assert typed("status", "out=o")[1].startswith("o: 1 trial finished, 1 failed, 0 left\n")
    table.write_text(table.read_text().replace(",failed,", ",diverged,", 1))
    assert typed("status", "out=o")[1].startswith("o: 2 trials finished (1 diverged), 0 left\n")


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"a": 1}', "edited"])
def test_a_position_that_cannot_be_read_is_left_out(content, typed, swept, folder):
    PositionFile(swept).write(position())
    (path,) = (folder / "o/.dropout-lab/running").iterdir()
    path.write_text(json.dumps(json.loads(path.read_text()) | {"process": "1"}) if content == "edited" else content)
    assert typed("status", "out=o")[:2] == (0, "o: 2 trials finished, 0 left\nno pack is training\n")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["out=nowhere"], "out=nowhere: contains no sweep; give the out= folder of a sweep"),
        (["rate=0.5"], "status rate=0.5: unknown option; status takes out=DIR and --json"),
        (["o"], "status o: unknown option; status takes out=DIR and --json"),
        (["out="], "status out=: unknown option; status takes out=DIR and --json"),
        (["--jsn"], "status --jsn: unknown option; status takes out=DIR and --json"),
    ],
)
def test_wrong_words_are_refused_in_one_line(words, line, typed):
    assert typed("status", *words) == (2, "", f"dropout-lab: {line}\n")


def test_lines_fit_into_80_columns(typed, trials):
    typed("sweep", *TINY, "seeds=1", "out=o")
    rates = "rate=[0.123456789,0.2,0.3],[0.123456789,0.2,0.4],[0.123456789,0.2,0.5]"
    many = trials("model.hidden=[8,8,8]", rates, "variant=inverted,standard", "seeds=9", "out=o")
    PositionFile(many).write(position(epoch=99999, epochs=100_000, steps_here=10**6, seconds=1e6, loss=0.123456789))
    out = typed("status", "out=o")[1]
    assert "seeds=" in out or "..." in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.slow
def test_a_sweep_is_seen_from_another_process_while_it_runs(typed, folder):
    words = ["seeds=4", "model.hidden=[64]", "train.epochs=3000", "max_pack_size=2", "workers=2", "out=o"]
    process = subprocess.Popen(
        [sys.executable, "-m", "dropout_lab", "sweep", *words],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 120
        while len([p for p in list_running("o") if p.steps_per_second and p.running]) < 2 and time.monotonic() < end:
            time.sleep(0.1)
        out = typed("status", "out=o")[1]
        assert out.startswith("o: 0 trials finished, 4 left\nrunning: 2 trials\n")
    finally:
        process.terminate()
        process.wait()
