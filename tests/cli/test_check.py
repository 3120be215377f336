"""``dropout-lab check``: one line per check, exit status, JSON, and what is left behind."""

import json
from pathlib import Path

import pytest

from dropout_lab.checks import registry
from dropout_lab.checks.figure import Figure, SkippedCheck, error_figure


def skip(folder):
    raise SkippedCheck("there is no such device")


def crash(folder):
    raise RuntimeError("two\nlines")


def write(folder):
    (folder / "file").write_text("text")
    return [error_figure("error", 0.5, 1.0), Figure("count", 3, 3, 3), Figure("size", 8.0, 1.0, float("inf"))]


GOOD = {"folder": write, "devices": skip}
BAD = {"folder": write, "nan": lambda folder: [error_figure("error", float("nan"), 1.0)], "crash": crash}
BAD |= {"none": lambda folder: [], "many": lambda folder: [Figure(str(i), i, 8, 9) for i in range(5)]}


@pytest.fixture
def checks(monkeypatch):
    """Replace the checks."""
    return lambda chosen: monkeypatch.setattr(registry, "CHECKS", chosen)


def test_one_line_per_check(typed, checks, folder):
    checks(GOOD)
    status, out, err = typed("check")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "ok      folder           error: 0.5 (allowed: at most 1); 2 more figures",
        "skipped devices          there is no such device",
        "no check failed (0 s)",
    ]
    assert not list(folder.iterdir())


def test_failures(typed, checks, folder):
    checks(BAD)
    status, out, err = typed("check")
    assert (status, err) == (1, "")
    assert out.splitlines()[1:] == [
        "failed  nan              error: nan (allowed: at most 1)",
        "failed  crash            RuntimeError: two lines",
        "failed  none             measured nothing",
        "failed  many             0: 0 (allowed: 8 to 9); 1: 1 (allowed: 8 to 9); 2: 2 (allowed: 8 to 9); and 2 more",
        "4 of 5 checks failed (0 s)",
    ]
    assert not list(folder.iterdir())


def test_json(typed, checks, folder):
    checks(BAD)
    status, out, err = typed("check", "--json")

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    shown = json.loads(out, parse_constant=refuse)
    assert (status, err, shown["ok"]) == (1, "", False)
    assert [check["state"] for check in shown["checks"]] == ["ok", "failed", "failed", "failed", "failed"]
    error = {"name": "error", "value": 0.5, "low": None, "high": 1.0, "allowed": True}
    assert shown["checks"][0]["figures"][0] == error
    assert shown["checks"][1]["figures"] == [error | {"value": None, "allowed": False}]
    checks(GOOD)
    status, out, _ = typed("check", "--json")
    assert (status, json.loads(out)["ok"]) == (0, True)


def test_files_are_written_into_out_and_removed(typed, checks, folder):
    places = []
    checks({"folder": lambda place: places.append(place) or write(place)})
    (folder / "results").mkdir()
    for out in ("results", "results/new/folder"):
        assert typed("check", f"out={out}")[0] == 0
    assert [place.parent.parent for place in places] == [folder / "results"] * 2
    assert not list((folder / "results").iterdir())


def test_a_folder_that_cannot_be_written_is_a_failed_check(typed, checks, folder):
    checks({"folder": write, "other": write})
    Path("file").write_text("")
    status, out, err = typed("check", "out=file")
    assert (status, err) == (1, "")
    assert out.splitlines()[0] == f"failed  folder           {folder}/file: cannot be written (Not a directory)"
    assert out.splitlines()[1].startswith("ok      other")


@pytest.mark.parametrize("word", ["rate=0.5", "out=", "--fast", "kernels"])
def test_unknown_words_are_refused(typed, folder, word):
    status, out, err = typed("check", word)
    assert (status, out) == (2, "")
    assert err == f"dropout-lab: check {word}: takes out=DIR and --json\n"


def test_help(typed):
    status, out, _ = typed("check", "--help")
    assert status == 0
    assert [name for name in registry.CHECKS if name not in " ".join(out.split())] == []
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.slow
def test_this_machine_passes(typed, folder):
    status, out, err = typed("check", "--json")
    assert (status, err) == (0, "")
    states = {check["name"]: check["state"] for check in json.loads(out)["checks"]}
    assert states.keys() == registry.CHECKS.keys()
    assert {state for name, state in states.items() if name != "devices"} == {"ok"}
    assert not list(folder.iterdir())
