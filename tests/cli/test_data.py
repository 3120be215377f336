"""``dropout-lab data`` as typed."""

import subprocess
import sys

import pytest

from dropout_lab.config import Config, MLPConf
from dropout_lab.data import DATASETS
from dropout_lab.data.catalog import CATALOGUE


def test_every_set_of_the_registry_is_in_the_catalogue():
    own = {"file", "folder", "texts", "audio"}
    assert {name.partition("/")[0] for name in CATALOGUE} == set(DATASETS) - own


def test_the_list_fits_the_terminal_and_says_what_is_on_disk(typed, shared, tmp_path):
    status, out, err = typed("data", "list", f"data.root={shared}")
    assert (status, err) == (0, "")
    assert max(map(len, out.splitlines()[:-1])) <= 80
    assert "mnist (on disk; 10 classes; 60,000 + 10,000 grey images of 28x28)\n" in out
    assert "cifar10 (not on disk; " in out
    assert out.count("licence: ") == len(CATALOGUE)
    status, out, _ = typed("data", "list", "uci", f"data.root={tmp_path}")
    assert out.count("(not on disk; regression; ") == 9


def test_the_help_fits_the_terminal(typed):
    for words in (["data"], ["data", "--help"]):
        status, out, _ = typed(*words)
        assert (status, out.splitlines()[0][:21]) == (0, "dropout-lab data list")
        assert max(map(len, out.splitlines())) <= 80


def test_the_list_needs_no_torch():
    code = (
        "import sys; from dropout_lab.cli.data import command; command(['list'], lambda line: None, print);"
        "print('torch' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"


def test_check_reads_what_is_there(typed, shared):
    status, out, err = typed("data", "check", "mnist", "uci/yacht", "concrete", f"data.root={shared}")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "mnist: whole: 60,000 (5,421 to 6,742 per class) in the training set, "
        "10,000 (892 to 1,135 per class) in the test set",
        "uci/yacht: whole: 308 rows of 6 features, 20 splits",
        "uci/concrete: whole: 1,030 rows of 8 features, 20 splits",
    ]


def test_the_environment_says_where(typed, tmp_path, monkeypatch):
    monkeypatch.setenv("DROPOUT_LAB_DATA", str(tmp_path))
    assert f"data folder: {tmp_path}\n" in typed("data", "list", "digits")[1]
    assert typed("data", "check")[1].startswith(f"{tmp_path}: contains no public data set")
    assert typed("data", "get", "digits")[:2] == (0, "digits: needs no download\n")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["gett"], "data gett: did you mean 'get'?"),
        (["frob"], "data frob: must be one of list, get, check"),
        (["get"], "data get: requires the name of a data set"),
        (["get", "mnst"], "no data set 'mnst'; did you mean 'mnist'?"),
        (["check", "yatch"], "no data set 'yatch'; did you mean 'yacht'?"),
        (["list", "--all"], "data list: no flag '--all'"),
        (["list", "rate=0.5"], "rate=0.5: data list takes names, and data.root=FOLDER"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(typed, folder, words, line):
    status, out, err = typed("data", *words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"dropout-lab: {line}")
    assert list(folder.iterdir()) == []


def test_missing_data_are_refused_before_anything_is_made(typed, folder):
    for words in (["data=mnist"], ["data=cifar10"], ["data=uci", "data.split=range(0,20)"]):
        status, out, err = typed("sweep", *words, f"data.root={folder}")
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert "does not exist; run `dropout-lab data get " in err
    assert list(folder.iterdir()) == []


def test_a_root_is_where_it_was_said(monkeypatch, tmp_path):
    assert Config(model=MLPConf()).source["root"] == ""
