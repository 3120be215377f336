"""Custom networks that end their process or raise what is not an Exception: one line, and the sweep goes on."""

import threading

import pytest

from dropout_lab.sweeps import process

CODE = """
import os
from torch import nn

class Network(nn.Module):
    def __init__(self, outputs, fine):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Dropout(), nn.Linear(8, outputs))
        self.passes, self.fine = 0, fine

    def forward(self, x):
        self.passes += 1
        if self.passes > self.fine:
            {end}
        return self.layers(x)

def early(shape, outputs):
    return Network(outputs, 0)

def late(shape, outputs):
    return Network(outputs, 60)
"""
UNPRINTABLE = "raise type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})()"
ENDS = {
    "os._exit(7)": "ended with exit status 7",
    "os._exit(0)": "ended with exit status 0",
    "os.abort()": "was killed by signal 6 (SIGABRT)",
    "raise GeneratorExit": "GeneratorExit",
    "raise BaseException('odd')": "BaseException: odd",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "raise SystemExit(0)": "SystemExit",
    "raise MemoryError('14.6 TiB')": "MemoryError: 14.6 TiB",
    UNPRINTABLE: "Odd",
}
pytestmark = pytest.mark.skipif(not process.can_fork(), reason="this process cannot be forked")


@pytest.fixture(autouse=True)
def forking(monkeypatch):
    """Let this process fork although threads of earlier tests may be left; without a fork, the network ends pytest."""
    monkeypatch.setattr(process.threading, "enumerate", lambda: [threading.current_thread()])


def words(name, *more):
    return ("sweep", "model=custom", f"model.target=ending_nets:{name}", "train.epochs=5", "seeds=2", *more)


@pytest.mark.parametrize("end", ENDS)
def test_a_network_that_ends_its_process_at_once_is_refused(folder, typed, end):
    (folder / "ending_nets.py").write_text(CODE.format(end=end))
    status, out, err = typed(*words("early"))
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert ENDS[end] in err
    assert [path.name for path in folder.iterdir() if path.name != "__pycache__"] == ["ending_nets.py"]


@pytest.mark.parametrize("end", ENDS)
def test_a_network_that_ends_its_process_late_fails_its_trials_and_no_other(folder, typed, end):
    (folder / "ending_nets.py").write_text(CODE.format(end=end))
    assert typed(*words("late", "train.batch_size=64,1000"))[0] == 1  # the large batches need fewer passes
    lines = (folder / "results/sweep/trials.csv").read_text().splitlines()
    assert sorted(line.split(",")[1] for line in lines[1:]) == ["failed", "failed", "ok", "ok"]
    assert ENDS[end] in (folder / "results/sweep/.dropout-lab/errors.log").read_text()


def test_a_network_that_ends_its_process_in_an_evaluation_is_named(folder, typed):
    (folder / "ending_nets.py").write_text(CODE.format(end="os._exit(7) if os.path.exists('stop') else None"))
    assert typed(*words("early", "save_weights=true"))[0] == 0
    (folder / "stop").touch()
    for how in ("monte_carlo", "ensemble"):
        status, _, err = typed("evaluate", f"infer={how}")
        assert (status, len(err.splitlines())) == (2, 1)
        assert "evaluation failed: its process ended with exit status 7" in err


def test_a_preview_survives_as_well(folder, typed):
    (folder / "ending_nets.py").write_text(CODE.format(end="os._exit(7)"))
    for passes in (4, 8, 12, 16):  # in the checks or in the timed steps
        text = (folder / "ending_nets.py").read_text().replace("outputs, 60", f"outputs, {passes}")
        (folder / "ending_nets.py").write_text(text)
        status, _, err = typed(*words("late", "--dry-run"))
        assert status in (0, 2)
        assert len(err.splitlines()) == (status != 0)


def test_results_and_errors_come_back_from_an_isolated_call():
    assert process.run_isolated(lambda: {"a": 1}) == {"a": 1}
    with pytest.raises(ZeroDivisionError):
        process.run_isolated(lambda: 1 / 0)
