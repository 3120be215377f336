"""Every subject runs, in tiny sizes: what comes out has the form it should, and what is compared has learned."""

import importlib.util
from pathlib import Path

import pytest

from dropout_lab.bench import registry as subjects
from dropout_lab.bench.workloads import BenchOptions

LEARNED = 0.5  # ten classes


def quick(root="", peers=("strong_loop",)):
    return BenchOptions(lambda line: None, root=str(root), quick=True, peers=peers)


def checked(rows, peers=1):
    """The rows, which are as many, named once each and of programs that learned."""
    assert len(rows) == peers
    assert len({row.key for row in rows}) == len(rows)
    for row in rows:
        assert min(row.ratio, row.theirs, row.ours) > 0
        assert row.accuracy is None or min(row.accuracy, row.our_accuracy) > LEARNED, row
    return rows


@pytest.mark.parametrize(("name", "rows"), [("kernels", 0), ("inference", 0), ("planning", 2)])
def test_subjects_without_training(name, rows):
    checked(subjects.SUBJECTS[name][0](quick()), rows or len(_threads()))


def _threads():
    from dropout_lab.sweeps.pack_job import available_cores

    return {1, available_cores()}


@pytest.mark.slow
def test_small_networks():
    (row,) = checked(subjects.SUBJECTS["digits_training"][0](quick()))
    assert row.peer == "PyTorch, strongest loop"
    assert row.accuracy is not None


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rows"), [("mnist", 2), ("published", 2), ("steps", 12)])
def test_subjects_on_mnist(name, rows, shared):
    checked(subjects.SUBJECTS[name][0](quick(shared)), rows)


@pytest.mark.slow
@pytest.mark.bench
@pytest.mark.parametrize(
    ("name", "peers", "needs"),
    [
        ("digits", ("plain_loop",), "torchvision"),
        ("digits", ("lightning_multirun",), "lightning"),
        ("digits_training", ("jax_vmap",), "jax"),
        ("recurrent", ("keras_lstm",), "keras"),
        ("cnn", ("strong_loop", "plain_loop"), "lightning"),
        ("lstm", ("strong_loop", "plain_loop"), "lightning"),
    ],
)
def test_the_programs_of_the_extra(name, peers, needs, shared):
    if importlib.util.find_spec(needs) is None:
        pytest.skip("needs the extra `bench`")
    rows = 2 if name in ("cnn", "lstm") or peers[0] in ("plain_loop", "lightning_multirun") else 1
    checked(subjects.SUBJECTS[name][0](quick(shared, peers)), rows)


def test_a_subject_leaves_its_file(folder, monkeypatch, capsys, typed):
    from dropout_lab.bench import table
    from dropout_lab.sweeps.interleaved import Ratio

    row = table.BenchRow.of("work", "peer", "s", Ratio(2.0, 1.5, 2.5, 3), 2.0, 1.0)
    monkeypatch.setitem(subjects.SUBJECTS, "planning", (lambda bench: [row], "planned"))
    status, out, _ = typed("bench", "planning", "rounds=3")
    assert status == 0
    assert out.splitlines() == ["2.00 [1.50, 2.50]  peer: work", "results/bench/planning.csv"]
    assert table.read_results(Path("results/bench/planning.csv"))[1] == [row]
    _, shown, _ = typed("bench", "table")
    assert "| work | peer | s |  | 2.00 [1.50, 2.50] | 3 |" in shown


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["digts"], "bench digts: did you mean 'digits'?"),
        (["foo"], "bench foo: must be one of variants, sequence, profile, digits, "),
        (["digits", "rounds=x"], "rounds=x: must be a whole number of at least 1"),
        (["digits", "rounds=0"], "rounds=0: must be a whole number of at least 1"),
        (["digits", "peers=keras"], "peers=keras: must be one of plain_loop, "),
        (["digits", "rate=0"], "bench rate=: must be one of rounds=, peers=, data.root="),
        (["mnist", "data.root=nowhere"], "bench mnist: no MNIST in "),
    ],
)
def test_what_is_refused(words, line, typed):
    status, out, err = typed("bench", *words)
    assert (status, out) == (2, "")
    assert err.startswith(f"dropout-lab: {line}")
    assert err.count("\n") == 1


def test_help_fits_a_terminal_and_names_every_subject(typed):
    status, out, _ = typed("bench")
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    assert all(f"  {name} " in out for name in subjects.SUBJECTS)
    assert all(name in out for name in subjects.PEERS)
