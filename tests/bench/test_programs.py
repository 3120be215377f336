"""Programs are timed from outside and scaled by what they did, and both sides are told the same."""

import json
import math
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dropout_lab.bench import programs
from dropout_lab.bench import workloads as works
from dropout_lab.bench.peers.networks import network
from dropout_lab.bench.peers.strong_loop import project
from dropout_lab.bench.peers.task import Task, divide, load, parse, words
from dropout_lab.bench.programs import OURS, Program, ProgramRun, compare_programs, run_program
from dropout_lab.errors import ConfigError
from dropout_lab.rng import Streams

TASKS = [
    Task(hidden=[24, 12]),
    Task(model="cnn", data="mnist", channels=[4, 8], head=[16]),
    Task(model="lstm", data="mnist", units=12),
]


@pytest.fixture
def pretended(tmp_path, monkeypatch):
    """Makes a module that answers as a program does, and says how long it trained."""

    def make(name, *answers, status=0):
        lines = [f"print({json.dumps(json.dumps(answer))})" for answer in answers]
        (tmp_path / f"{name}.py").write_text("\n".join(["import sys", *lines, f"sys.exit({status!r})"]))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
        return name

    return make


def answered(seconds, *accuracies, **more):
    return {"accuracy": list(accuracies), "started": 100.0, "ended": 100.0 + seconds, **more}


def test_a_sample_is_scaled_but_its_start_is_counted_once(monkeypatch):
    clock = iter([0.0, 5.0] * 3)
    monkeypatch.setattr(programs.time, "time", lambda: next(clock))
    program, seen = Program("sampled", "sampled", [[]], trials=2, of=10), ProgramRun()
    monkeypatch.setattr(programs, "_processes", lambda *_: [answered(2.0, 0.5, 0.7)])
    assert run_program(program, seen, inside=True) == 10
    assert run_program(program, seen, inside=False) == 5 + 4 * 2
    assert run_program(replace(program, starts=True), seen, inside=False) == 25
    assert seen.accuracies == [0.5, 0.7] * 3
    assert program.sample == "2 of 10 trials, scaled by count"


def test_processes_may_run_at_the_same_time(pretended):
    module = pretended("alone", answered(1.0, 0.5))
    (Path(os.environ["PYTHONPATH"].split(os.pathsep)[0]) / "alone.py").write_text(
        "import json, os, time\nstarted = time.time()\ntime.sleep(0.5)\n"
        "assert os.environ['OMP_NUM_THREADS'] == '1'\n"
        "print(json.dumps({'accuracy': [0.5], 'started': started, 'ended': time.time()}))\n"
    )
    seen = ProgramRun()
    run_program(Program("alone", module, [[], [], []], 3, 3, starts=True, abreast=3), seen, inside=False)
    assert seen.accuracies == [0.5, 0.5, 0.5]


def test_a_failure_is_said_in_one_line(pretended):
    module = pretended("broken", status="no such data")
    with pytest.raises(ConfigError, match="broken failed: no such data"):
        run_program(Program("broken", module, [[]], 1, 1), ProgramRun(), inside=False)
    module = pretended("silent")
    with pytest.raises(ConfigError, match="silent answered nothing"):
        run_program(Program("silent", module, [[]], 1, 1), ProgramRun(), inside=False)


def test_what_is_not_installed_is_named_and_left_out(pretended):
    said = []
    ours = Program(OURS, pretended("ours", answered(1.0, 0.9)), [[]], 1, 1)
    loop = Program("loop", pretended("loop", answered(3.0, 0.8, compiling=1.5)), [[]], 1, 2, note="small")
    absent = Program("absent", "absent", [[]], 1, 1, needs=("no_such_library",))
    rows = compare_programs("work", ours, [loop, absent], 2, said.append, inside=True)
    assert [(row.peer, row.ratio, row.rounds) for row in rows] == [("loop", 6.0, 2)]
    assert (rows[0].accuracy, rows[0].our_accuracy) == (0.8, 0.9)
    assert rows[0].note == "1 of 2 trials, scaled by count; small; compiling is 50 % of its time"
    assert any("skipped absent, which requires no_such_library; install the extra `bench`" in line for line in said)
    assert compare_programs("work", ours, [absent], 2, said.append) == []


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.model)
def test_both_sides_have_the_same_network_and_recipe(task, composer, shared):
    from dropout_lab.data import load as ours
    from dropout_lab.train.pack import build_pack_model

    task = replace(task, root=str(shared), epochs=7, batch_size=32, train=100, lr=0.003, seeds=[0, 2])
    config = composer().config(works.sweep_overrides(task))
    model = build_pack_model(config, ours(config.data.kind, **config.source))
    theirs = network(task, 0.5)
    assert model.size == sum(p.numel() for p in theirs.parameters())
    assert len(model.sites) == sum(isinstance(part, torch.nn.Dropout) for part in theirs.modules())
    assert (config.train.epochs, config.train.batch_size, config.train.lr) == (7, 32, 0.003)
    assert config.data.train_size == 100
    assert list(config.trial_seeds) == [0, 2]
    assert theirs(torch.zeros(3, 1, *(2 * [8 if task.data == "digits" else 28]))).shape == (3, 10)


def test_both_sides_see_as_many_examples(trials):
    from dropout_lab.data import load as ours
    from dropout_lab.train.splits import make_splits as ours_divided

    task = Task(train=500)
    (trial,) = trials(*works.sweep_overrides(task))
    dataset = ours("digits", seed=0)
    images, classes, official = load(task)
    assert images.shape == dataset.x.shape
    assert (classes == dataset.y).all()
    mine = ours_divided(dataset, trial.config.data, Streams(trial.config.base_seed, trial.seed))
    theirs = divide(replace(task, test=mine["test"].tolist()), 0, len(images), official)
    assert [len(part) for part in theirs] == [len(part) for part in mine.values()]


def test_a_task_survives_its_words():
    task = Task(model="cnn", rates=[0.0, 0.25], seeds=[3, 4], root="a b", max_norms=[0.0, 2.5])
    assert parse(words(task)) == task


def test_the_grid_of_arms_is_the_same(trials):
    task = Task(optimizer="sgd", rates=[0.0, 0.5], seeds=[0], max_norms=[0.0, 2.0, 3.0])
    found = trials(*works.sweep_overrides(task))
    assert len(found) == 6
    assert {t.config.regularizer.max_norm for t in found if t.config.regularizer.names} == {2.0, 3.0}
    assert {t.config.train.optimizer for t in found} == {"sgd"}


def test_the_norm_bound_of_the_loop():
    layer = torch.nn.Linear(4, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[3.0, 4.0, 0, 0], [0.3, 0.4, 0, 0]]))
    project(layer, 1.0)
    norms = torch.linalg.vector_norm(layer.weight, dim=1).tolist()
    assert math.isclose(norms[0], 1.0, rel_tol=1e-6)
    assert math.isclose(norms[1], 0.5, rel_tol=1e-6)
