"""A sweep against its folder: resume, failure, divergence."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from dropout_lab.errors import ConfigError
from dropout_lab.sweeps.ledger import Ledger
from dropout_lab.sweeps.outcome import Interrupted
from dropout_lab.sweeps.run import run_arms

TINY = ["model.hidden=[8]", "train.epochs=2", "out=out"]
TIMES = {"train_seconds", "seconds_per_epoch"}


def read(path):
    return list(csv.DictReader(Path(path).read_text().splitlines()))


def stored(folder="out", times=False):
    rows = read(f"{folder}/trials.csv")
    return {r["trial_id"]: {k: v for k, v in r.items() if times or k not in TIMES} for r in rows}


def go(arms_of, *words):
    lines = []
    return run_arms(arms_of(*TINY, *words), lines.append), lines


def test_a_sweep_stores_every_trial_once_and_then_has_nothing_to_do(folder, arms_of):
    outcome, lines = go(arms_of, "rate=0,0.5", "seeds=3")
    assert (outcome.status, outcome.trained, len(stored())) == (0, 6, 6)
    assert lines == ["out: 6 trials; training 6 in 1 pack"]
    before = stored(times=True)
    outcome, lines = go(arms_of, "rate=0,0.5", "seeds=3")
    assert (outcome.trained, lines) == (0, ["out: all 6 trials already completed"])
    assert stored(times=True) == before


def test_a_resumed_sweep_equals_an_undisturbed_one(folder, arms_of):
    words = ["rate=0,0.3,0.5", "seeds=3", "max_pack_size=4", "workers=1"]
    go(arms_of, *words)
    whole, curves = stored(), (folder / "out" / "curves.csv").read_text()
    lines = (folder / "out" / "trials.csv").read_text().splitlines(keepends=True)
    # As after a crash: the second pack half there, the third not at all, the last line torn.
    (folder / "out" / "trials.csv").write_text("".join(lines[:6]) + lines[6][:20])
    _, said = go(arms_of, *words)
    assert said == ["out: 9 trials, 5 already completed; training 6 in 2 packs"]
    assert stored() == whole
    assert sorted((folder / "out" / "curves.csv").read_text().splitlines()) == sorted(curves.splitlines())


def test_more_arms_train_only_what_is_new(folder, arms_of):
    go(arms_of, "rate=0,0.3", "seeds=2")
    outcome, lines = go(arms_of, "rate=0,0.3,0.5", "seeds=2")
    assert lines == ["out: 6 trials, 4 already completed; training 2 in 1 pack"]
    assert outcome.trained == 2
    outcome, _ = go(arms_of, "rate=0.3", "seeds=1")
    assert (outcome.trained, len(outcome.rows), len(stored())) == (0, 1, 6)


def test_a_divergence_is_final_and_still_an_exit_of_one(folder, arms_of):
    words = ["train.lr=0.001,1e30", "seeds=2"]
    outcome, lines = go(arms_of, *words)
    assert outcome.status == 1
    assert [r["status"] for r in outcome.rows] == ["ok", "ok", "diverged", "diverged"]
    assert sum("diverged" in line for line in lines) == 2
    outcome, lines = go(arms_of, *words)
    assert (outcome.status, outcome.trained) == (1, 0)


def test_a_failed_pack_is_reported_kept_apart_and_tried_again(folder, arms_of, monkeypatch):
    from dropout_lab.sweeps import pack_job as worker

    real = worker.train_pack

    def broken(trials, *rest):
        if trials[0].config.train.batch_size == 32:
            raise RuntimeError("out of memory\nsecond line")
        return real(trials, *rest)

    monkeypatch.setattr(worker, "train_pack", broken)
    words = ["train.batch_size=32,64", "seeds=2"]
    outcome, lines = go(arms_of, *words)
    assert outcome.status == 1
    assert sorted(r["status"] for r in outcome.rows) == ["failed", "failed", "ok", "ok"]
    assert "failed: 2 trials (RuntimeError: out of memory); see out/.dropout-lab/errors.log" in lines
    assert "second line" in (folder / "out/.dropout-lab/errors.log").read_text()
    monkeypatch.setattr(worker, "train_pack", real)
    outcome, _ = go(arms_of, *words)
    assert (outcome.status, outcome.trained, len(stored())) == (0, 2, 4)


def test_ctrl_c_says_what_is_saved(folder, arms_of, monkeypatch):
    from dropout_lab.sweeps import pack_job as worker
    from dropout_lab.sweeps import pool

    real, calls = worker.train_pack, []

    def stopping(*args):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(worker, "train_pack", stopping)
    monkeypatch.setattr(pool, "can_fork", lambda: False)  # this process trains, as in a notebook
    with pytest.raises(Interrupted, match="2 of 6 trials are saved in out; rerun the same command to continue"):
        go(arms_of, "seeds=6", "max_pack_size=2", "workers=1")
    monkeypatch.setattr(worker, "train_pack", real)
    assert go(arms_of, "seeds=6", "max_pack_size=2")[0].trained == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["data=wine", "model=mlp,cnn"], r"model=cnn: requires images.*data=wine has examples of shape 13"),
        (
            ["model=mlp,cnn", "model.channels=[4,4,4,4]"],
            r"model=cnn: has 4 blocks and requires images of at least 16x16",
        ),
        (["data=wine", "data.val_fraction=0.2,0.001"], "data=wine leaves no example for the val split"),
        (["device=cpu,cuda:99"], "device=cuda:99: torch detects"),
    ],
)
def test_the_whole_sweep_is_refused_before_anything_trains(folder, arms_of, words, message):
    with pytest.raises(ConfigError, match=message):
        run_arms(arms_of("out=out", *words), print)
    assert list(folder.iterdir()) == []


def test_missing_trials_are_an_exit_status_of_one(folder, arms_of, monkeypatch):
    real, calls = Ledger.append, []

    def move_folder_away(self, *rows):
        real(self, *rows)
        calls.append(1)
        if len(calls) == 1:
            (folder / "out").rename(folder / "elsewhere")

    monkeypatch.setattr(Ledger, "append", move_folder_away)
    outcome, lines = go(arms_of, "seeds=4", "max_pack_size=2", "workers=1")
    assert outcome.status == 1
    assert (
        lines[-1]
        == "note: out was changed during the sweep and lacks 2 of 4 trials; rerun the same command to train them"
    )
    monkeypatch.setattr(Ledger, "append", real)
    assert go(arms_of, "seeds=4", "max_pack_size=2")[0].status == 0


def test_packs_in_halves_are_planned_for_the_next_command(folder, arms_of, monkeypatch):
    from dropout_lab.sweeps import pack_job as worker

    real = worker.train_pack

    def allocate(trials, *rest):
        if len(trials) > 2:
            raise MemoryError("no room")
        return real(trials, *rest)

    monkeypatch.setattr(worker, "train_pack", allocate)
    outcome, lines = go(arms_of, "seeds=4")
    assert outcome.status == 0
    assert lines[1:] == ["retrying in two halves: 4 trials (MemoryError: no room)"]
    assert [len(pack["trials"]) for pack in Ledger("out").packs()] == [2, 2]


def test_leftovers_of_killed_commands_are_removed(folder, arms_of):
    go(arms_of, "seeds=1", "save_weights=true", "save_predictions=true")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = [".dropout-lab/packs.json", "comparisons.csv", "weights/0123.safetensors", "predictions/0123.npz"]
    for name in left:
        Path(f"out/{name}.{ended.pid}.new").touch()
    mine = Path(f"out/notes.txt.{ended.pid}.new")
    mine.touch()
    go(arms_of, "seeds=1", "save_weights=true", "save_predictions=true")
    assert list(Path("out").rglob("*.new")) == [mine]


def test_a_sweep_leaves_its_folder_and_nothing_else(folder, arms_of):
    go(arms_of, "seeds=1")
    assert [p.name for p in folder.iterdir()] == ["out"]
    assert {p.name for p in (folder / "out").iterdir()} == {".dropout-lab", "config.yaml", "curves.csv", "trials.csv"}


def test_rate_zero_is_stored_once_for_all_variants(folder, arms_of):
    outcome, _ = go(arms_of, "variant=standard,inverted", "rate=0,0.5", "seeds=2")
    assert len(stored()) == 6
    assert [(r["variant"], r["rate"]) for r in outcome.rows].count(("none", "0")) == 2


def test_the_curves_say_what_the_rows_say(folder, arms_of):
    go(arms_of, "rate=0.5", "seeds=2")
    curves = read("out/curves.csv")
    for i, trial in stored().items():
        mine = [r for r in curves if r["trial_id"] == i]
        assert [r["epoch"] for r in mine] == ["1", "2"]
        assert mine[-1]["val_accuracy"] == trial["val_accuracy"]
    assert Ledger("out").rows().keys() == stored().keys()
