"""A sweep over a network of the user's own, as typed: what is said, refused, resumed and known again."""

import subprocess
import sys

import pandas as pd
import pytest

NET = """
from torch import nn

def mlp(shape, outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, {width}), nn.Tanh(), nn.Dropout(), nn.Linear({width}, outputs))

def three(shape, outputs):
    return 3

def bare(shape, outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, outputs))
"""
TIMES = ["train_seconds", "seconds_per_epoch"]
WORDS = ["sweep", "model=custom", "train.epochs=2", "seeds=2", "out=out"]


@pytest.fixture
def net(folder):
    """Writes the user's file."""

    def write(width=8):
        (folder / "ownnet.py").write_text(NET.format(width=width))
        return "model.target=ownnet:mlp"

    return write


def stored(name="out"):
    return pd.read_csv(f"{name}/trials.csv", dtype=str).drop(columns=TIMES).sort_values("trial_id", ignore_index=True)


def test_the_places_are_said_once_and_a_pack_has_one_trial(typed, net):
    status, out, err = typed(*WORDS, net(), "rate=0,0.5", "max_pack_size=4")
    assert (status, err) == (0, "")
    assert out.startswith("note: ownnet:mlp drops at 1 site: 3 (units)\nout: 4 trials; training 4 in 4 packs\n")
    assert out.count("note:") == 1
    assert stored()["pack_size"].tolist() == ["1"] * 4
    assert stored()["model.target"].tolist() == ["ownnet:mlp"] * 4
    status, out, _ = typed(*WORDS, net(), "rate=0,0.5", "--dry-run")
    assert (status, "4 already completed in out, 0 to train" in out) == (0, True)
    assert "note: ownnet:mlp drops at 1 site" in typed(*WORDS, net(), "rate=0.1", "--dry-run")[1]


def test_an_edit_makes_new_trials_and_going_back_finds_the_old_ones(typed, net):
    typed(*WORDS, net(8))
    before = stored()
    status, out, _ = typed(*WORDS, net(9))
    assert (status, "\nout: 2 trials; training 2" in out) == (0, True)
    assert stored()["model.digest"].nunique() == 2
    assert set(stored()["parameters"]) == {str(65 * 8 + 90), str(65 * 9 + 100)}
    status, out, _ = typed(*WORDS, net(8))
    assert out.startswith("out: all 2 trials already completed")
    assert before["trial_id"].isin(stored()["trial_id"]).all()


def test_a_resumed_sweep_and_one_in_workers_equal_an_undisturbed_one(typed, net, folder):
    words = [*WORDS, net(), "rate=0.2,0.5"]
    typed(*words)
    whole = stored()
    lines = (folder / "out" / "trials.csv").read_text().splitlines(keepends=True)
    (folder / "out" / "trials.csv").write_text("".join(lines[:3]) + lines[3][:20])
    status, out, _ = typed(*words)
    assert (status, "2 already completed; training 2 in 2 packs" in out) == (0, True)
    pd.testing.assert_frame_equal(stored(), whole)
    assert typed(*(w for w in words if w != "out=out"), "workers=2", "out=beside")[0] == 0
    pd.testing.assert_frame_equal(stored("beside"), whole)


def test_the_installed_command_finds_a_file_in_the_current_folder_and_its_workers_do(net, folder):
    """It does not put the current folder on the path as ``python -m`` does."""
    code = "import sys; from dropout_lab.cli.app import main; main(sys.argv[1:])"
    words = [*WORDS, net(), "workers=2"]
    done = subprocess.run([sys.executable, "-P", "-c", code, *words], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert stored()["status"].tolist() == ["ok", "ok"]


def test_workers_import_what_this_process_can(typed, folder, monkeypatch):
    (folder / "lib").mkdir()
    (folder / "lib" / "elsewhere.py").write_text(NET.format(width=8))
    monkeypatch.syspath_prepend(str(folder / "lib"))
    status, _, err = typed(*WORDS, "model.target=elsewhere:mlp", "workers=2")
    assert (status, err) == (0, "")
    assert stored()["status"].tolist() == ["ok", "ok"]


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("model.target=", "model=custom: requires model.target=MODULE:FUNCTION"),
        ("model.target=ownnet", "model.target=ownnet: must be MODULE:FUNCTION, such as nets:small"),
        ("model.target=ownnets:mlp", "model.target=ownnets:mlp: no module ownnets in the current folder"),
        ("model.target=ownnet:nothing", "model.target=ownnet:nothing: ownnet has no nothing"),
        ("model.target=ownnet:NET", "model.target=ownnet:NET: ownnet has no NET"),
        ("model.target=ownnet:nn", "model=custom: ownnet:nn((1, 8, 8), 10) fails: TypeError: 'module' object is not"),
        ("model.target=ownnet:three", "model=custom: ownnet:three returns int; it must return an nn.Module"),
        ("model.target=ownnet:bare", "model=custom: ownnet:bare contains no nn.Dropout"),
        ("variant=alpha", "model=custom: a custom network cannot become the SELU network"),
        ("variant=dropconnect", "variant=dropconnect model=custom: requires weights, but this network has only"),
        ("data=wine", "model=custom: ownnet:mlp fails in training on a batch [3, 13]: RuntimeError"),
        ("rate=[0.1,0.2]", "rate=[0.1,0.2]: must have one entry for each of the 1 site of model=custom"),
        ("profile=rising", "profile=rising: must be flat for model=custom"),
        ("model.hidden=[8]", "model.hidden: model=custom has no such setting"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_before_anything_trains(typed, net, folder, word, line):
    target = [net()] if not word.startswith("model.target") else []
    net()
    status, out, err = typed(*WORDS, *target, word)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"dropout-lab: {line}")
    assert not (folder / "out").exists()


def test_a_network_of_ones_own_beside_ours_with_what_fits(typed, net):
    words = ["variant=inverted,stochastic_depth,dropconnect", "skip_invalid=true", "model.hidden=[8]", "rate=0.3"]
    status, out, err = typed("sweep", "model=mlp,custom", net(), *words, *WORDS[2:])
    assert (status, err) == (0, "")
    assert "skipped 1 arm: variant.profile=rising: must be flat for model=custom" in out
    assert sorted(stored()["model"] + " " + stored()["variant"]) == [
        *["custom inverted"] * 2, *["mlp dropconnect"] * 2, *["mlp inverted"] * 2
    ]  # fmt: skip


def test_another_launcher_says_the_places_too(typed, net):
    status, out, err = typed(*WORDS, net(), "hydra/launcher=basic")
    assert (status, err) == (0, "")
    assert out.startswith("note: ownnet:mlp drops at 1 site: 3 (units)\nout: 1 jobs")
