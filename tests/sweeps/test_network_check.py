"""A user's network is tried before anything trains: what is refused in one line, and what is noted."""

import pytest

BASE = """
import random
import sys

import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, shape, outputs):
        super().__init__()
        size = 1
        for side in shape:
            size *= side
        self.hidden, self.drop, self.out = nn.Linear(size, 8), nn.Dropout(), nn.Linear(8, outputs)
        self.calls, self.setup = 0, None
        {setup}

    def forward(self, x):
        h = torch.relu(self.hidden(x.flatten(1)))
        {change}
        y = self.out(self.drop(h))
        {end}
        return y
"""
WORDS = ["sweep", "model=custom", "model.target=usernet:Net", "train.epochs=1", "seeds=1", "rate=0.3", "out=out"]
NORM = "self.norm = nn.BatchNorm1d(8)"
MIXES = "self.norm = nn.BatchNorm1d(8, track_running_stats=False)"
CALL = "h = self.norm(h)"


@pytest.fixture
def run(typed, folder):
    """Writes a network of these lines and types the sweep; gives status, output and error."""

    def sweep(*words, setup="pass", change="pass", end="pass"):
        (folder / "usernet.py").write_text(BASE.format(setup=setup, change=change, end=end))
        given = dict(word.split("=", 1) for word in (*WORDS[1:], *words))
        status, out, err = typed("sweep", *(f"{key}={value}" for key, value in given.items()))
        if status == 2:
            assert err.count("\n") == 1
            assert not (folder / "out" / "trials.csv").exists()
        return status, out, err

    return sweep


def test_a_last_batch_of_one_trains_with_batch_normalisation(run):
    status, out, _ = run("data.train_size=65", "train.batch_size=64", setup=NORM, change=CALL)
    assert (status, "failed" in out) == (0, False)


@pytest.mark.parametrize(
    ("words", "lines", "message"),
    [
        (
            ["data.train_size=20", "train.batch_size=1"],
            {"setup": NORM, "change": CALL},
            "usernet:Net fails in training on a batch [1, 1, 8, 8]: ValueError: Expected more than 1 value",
        ),
        (
            [],
            {"end": "y = y.squeeze()"},
            "returns outputs [10] in evaluation on a batch [1, 1, 8, 8]; it must return [1, 10]",
        ),
        ([], {"change": "h = h.view(64, -1)"}, "fails in training on a batch [3, 1, 8, 8]: RuntimeError: shape"),
        (
            ["data.train_size=130"],
            {"change": "h = h if len(h) != 2 or not self.training else h[:, :1]"},
            "on a batch [2, 1, 8, 8]: RuntimeError: mat1 and mat2",
        ),
        ([], {"end": "y = y.detach()"}, "fails in a training step on a batch of 62: RuntimeError: element 0"),
        ([], {"change": "h = h.sigmoid(); s = h.square(); h.mul_(2); h = h + s"}, "in a training step on a batch"),
        ([], {"change": "sys.exit(0)"}, "fails in training on a batch [3, 1, 8, 8]: SystemExit: 0"),
        (
            [],
            {"setup": "self.rng = np.random.default_rng()", "change": "h = h * self.rng.random()"},
            "usernet:Net returns different outputs for the same batch in training",
        ),
        (
            [],
            {"setup": "self.rng = random.Random(0)", "change": "h = h if self.rng.random() < 2 else -h"},
            "returns different outputs for the same batch in training",
        ),
        (
            [],
            {"change": "h = h + torch.from_numpy(np.random.default_rng().random(8, 'float32'))"},
            "returns different outputs for the same batch in training",
        ),
        (
            [],
            {"change": "self.calls += 1; h = h * (1 + (not self.training) * self.calls)"},
            "returns different outputs for the same batch in evaluation",
        ),
        (
            ["infer=monte_carlo"],
            {"setup": MIXES, "change": CALL},
            "infer=monte_carlo: usernet:Net mixes the examples of a batch in evaluation (batch statistics in norm",
        ),
        (["infer=ensemble", "seeds=2"], {"change": "h = h - h.mean(0)"}, "infer=ensemble: usernet:Net mixes"),
        (
            ["infer=monte_carlo"],
            {"setup": "self.gate = nn.Parameter(torch.zeros(1))", "change": "h = h + self.gate * h.mean(0)"},
            "mixes the examples of a batch in evaluation, and the passes",
        ),
        (
            ["data=wine", "data.test_fraction=0.0056"],
            {"setup": MIXES, "change": CALL},
            "fails in evaluation on a batch [1, 13]: ValueError: Expected more than 1 value",
        ),
    ],
)
def test_what_is_refused_in_one_line(run, words, lines, message):
    status, out, err = run(*words, **lines)
    assert (status, "training" in out) == (2, False)
    assert message in err


@pytest.mark.parametrize("layer", ["nn.BatchNorm1d(8)", "nn.BatchNorm1d(8, momentum=None)", "nn.GroupNorm(2, 8)"])
def test_layers_that_do_not_mix_in_evaluation_take_monte_carlo_passes(run, layer):
    status, out, _ = run("infer=monte_carlo", "infer.passes=3", setup=f"self.norm = {layer}", change=CALL)
    assert (status, "mixes" in out) == (0, False)


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        (
            {"setup": MIXES, "change": CALL},
            "usernet:Net mixes the examples of a batch in evaluation (batch statistics",
        ),
        ({"end": "y = y.softmax(1)"}, "usernet:Net returns probabilities (rows sum to 1); return logits"),
        ({"end": "y = y.sigmoid()"}, "usernet:Net returns numbers between 0 and 1, as a sigmoid does; return logits"),
    ],
)
def test_what_is_noted(run, lines, note):
    status, out, _ = run(**lines)
    assert status == 0
    assert out.count(f"note: {note}") == 1


@pytest.mark.parametrize(
    "end", ["pass", "y = y.log_softmax(1)", "y = torch.relu(y)", "y = y * 0 + 0.5 * self.out.bias"]
)
def test_outputs_that_may_be_logits_have_no_note(run, end):
    status, out, _ = run(end=end)
    assert (status, out.count("note:")) == (0, 1)


def test_a_regression_may_return_numbers_between_0_and_1(run):
    status, out, _ = run("data=diabetes", end="y = y.sigmoid()")
    assert (status, out.count("note:")) == (0, 1)


def test_a_network_that_exits_late_fails_its_trials_and_no_others(run, folder):
    status, out, _ = run("seeds=[0]")
    assert status == 0
    late = "self.calls += 1; (self.calls > 40 and sys.exit(0))"
    status, out, _ = run("train.epochs=3", "seeds=2", change=late)
    assert status == 1
    assert out.count("(usernet:Net fails in training on a batch [64, 1, 8, 8]: SystemExit: 0)") == 2
    assert len((folder / "out" / "trials.csv").read_text().splitlines()) == 4


def test_a_network_that_fails_in_the_passes_is_one_line_and_its_trials_are_kept(typed, folder):
    large = "assert self.training or len(h) < 1200, 'too many'"
    (folder / "usernet.py").write_text(BASE.format(setup="pass", change=large, end="pass"))
    status, _, err = typed(*WORDS, "infer=monte_carlo", "infer.passes=20")
    assert (status, err.count("\n")) == (2, 1)
    assert "out=out: evaluation failed: usernet:Net fails in evaluation on a batch [" in err
    assert err.endswith("AssertionError: too many\n")
    assert len((folder / "out" / "trials.csv").read_text().splitlines()) == 2
