"""The command line as typed."""

import re

import pandas as pd
import pytest

TINY = ["model.hidden=[8]", "train.epochs=2", "seeds=2"]
TIMES = ["train_seconds", "seconds_per_epoch"]


def test_a_sweep_prints_its_table_and_leaves_its_files(typed, folder):
    status, out, err = typed("sweep", "rate=0,0.5", *TINY)
    assert (status, err) == (0, "")
    assert re.search(r"^0\.5 +\d+\.\d\d \[", out, re.MULTILINE)
    assert max(map(len, out.splitlines()[:5])) <= 80
    found = {p.name for p in (folder / "results/sweep").iterdir()}
    tables = {"summary.csv", "summary.md", "summary.png", "summary.svg"}
    assert found == {".dropout-lab", "config.yaml", "trials.csv", "curves.csv"} | tables
    assert [p.name for p in folder.iterdir()] == ["results"]
    status, again, _ = typed("sweep", "rate=0,0.5", *TINY)
    assert status == 0
    assert again.startswith("results/sweep: all 4 trials are there\n")
    assert again.splitlines()[1:] == out.splitlines()[1:]


def test_train_is_one_trial_in_its_own_folder(typed, folder):
    status, out, _ = typed("train", "model.hidden=[8]", "train.epochs=1", "rate=0.2")
    assert status == 0
    assert "inverted rate=0.2" in out
    assert "no spread" in out
    assert len(pd.read_csv(folder / "results/train/trials.csv")) == 1


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["swep"], "no command 'swep'; did you mean 'sweep'?"),
        (["frobnicate"], "no command 'frobnicate'; the commands are sweep, train, evaluate, list, data"),
        (["sweep", "rte=0.1"], "no setting 'rte'; did you mean 'rate'?"),
        (["sweep", "rate=0,1"], "rate=1: must be a number in [0, 1), or a list of them from input to output"),
        (["sweep", "model=foo"], "model=foo: must be one of cnn, custom, lstm, mlp"),
        (
            ["sweep", "regularizer=none,[l2,foo]"],
            "regularizer=foo: must be one of early_stopping, l1, l2, max_norm, none",
        ),
        (["sweep", "model.channels=[8]"], "model.channels: model=mlp has no such setting"),
        (["sweep", "train.lr=abc"], "train.lr=abc: must be a number above 0"),
        (["sweep", "train.lr=nan,0.1"], "train.lr=nan: must be a number above 0"),
        (["sweep", "hydra/launcher=packd"], "hydra/launcher=packd: must be one of basic, packed"),
        (["sweep", "seeds=0"], "seeds=0: an empty sweep: must be a whole number of seeds"),
        (["sweep", "rate=choice()"], "cannot read 'rate=choice()'"),
        (["train", "rate=0,0.5"], "rate=0,0.5: train takes one value a setting; `dropout-lab sweep` takes several"),
        (["train", "seeds=5"], "seeds=5: train takes one seed, such as seeds=[7]; `dropout-lab sweep` takes several"),
        (
            ["sweep", "data=wine", "model=lstm"],
            "model=lstm: needs images, whose rows it reads as time steps, or",
        ),
        (["sweep", "device=cuda:99"], "device=cuda:99: torch finds"),
        (["sweep", "out=/dev/null/x"], "out=/dev/null/x: cannot be written"),
        (["list", "foo"], "list foo: must be one of data, model,"),
        (["sweep", "--dry-run=1"], "--dry-run takes no value"),
        (["train", "--cfg", "job", "seeds=[1]", "model=glob(*)"], "model=glob(*): train takes one value"),
        (["sweep", "--cfg", "job", "rate=0,0.5"], "rate=0,0.5: to look at the settings, give one value"),
        (["sweep", "out=" + 300 * "x"], f"out={300 * 'x'}: cannot be written"),
        (["-sc"], "-sc needs install=SHELL"),
        (["sweep", "--frobnicate"], "no flag '--frobnicate'"),
        (["sweep", "--dryrun"], "no flag '--dryrun'; did you mean '--dry-run'?"),
        (["sweep", "--cfg"], "--cfg needs a value, one of job, hydra, all"),
        (["sweep", "--cfg", "jobs"], "--cfg jobs: must be one of job, hydra, all"),
        (["sweep", "rate=0", "rate=0.5"], "rate is given twice"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_before_anything_is_made(typed, folder, words, line):
    status, out, err = typed(*words)
    assert status == 2
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith(f"dropout-lab: {line}")
    assert list(folder.iterdir()) == []


def test_a_divergence_is_reported_kept_and_exits_with_one(typed):
    status, out, _ = typed("sweep", "train.lr=0.01,1e30", *TINY)
    assert status == 1
    assert "diverged: inverted rate=0.5 seed=0" in out
    assert re.search(r"^1e\+30 +- +- +0 +2$", out, re.MULTILINE)


def test_dry_run_says_what_would_run_and_leaves_nothing(typed, folder):
    status, out, _ = typed("sweep", "rate=0,0.5", "--dry-run", *TINY)
    assert status == 0
    assert re.search(r"arms +2\n", out)
    assert re.search(r"trials +4, of which 0 are in results/sweep and 4 would be trained\n", out)
    assert re.search(r"packs +1, of 4 trials\n", out)
    assert re.search(r"time +about \d+ s", out)
    assert re.search(r"memory +about \d+ MiB", out)
    assert list(folder.iterdir()) == []


def test_flags_of_hydra_work_after_the_command_word(typed, folder):
    status, out, _ = typed("train", "rate=0.1", "--cfg", "job", "model=cnn")
    assert status == 0
    assert "kind: cnn" in out
    assert "rate: 0.1" in out
    status, out, _ = typed("sweep", "--help")
    assert status == 0
    assert "regularizer: early_stopping, l1, l2, max_norm, none" in out
    assert "schema" not in out
    assert list(folder.iterdir()) == []


def test_a_folder_of_the_users_own_choices(typed, folder):
    (folder / "mine" / "model").mkdir(parents=True)
    (folder / "mine" / "model" / "small.yaml").write_text("defaults: [mlp, _self_]\nhidden: [5]\n")
    status, _, err = typed("train", "--config-dir", "mine", "model=small", "train.epochs=1")
    assert (status, err) == (0, "")
    assert pd.read_csv("results/train/trials.csv")["model.hidden"].tolist() == [5]
    for name, text in {
        "data/mine": "kind: mine\n",
        "model/bare": "kind: mlp\nhidden: [8]\n",
        "variant/broken": "kind: [l1",
        "schedule/cosine": "kind: cosine\n",
    }.items():
        path = folder / "mine" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        status, _, err = typed("train", "--config-dir", "mine", name.replace("/", "="), "out=refused")
        assert (status, err.count("\n")) == (2, 1), err
        assert not (folder / "refused").exists()
    (folder / "mine" / "model" / "wrong.yaml").write_text("defaults: [mlp, _self_]\nhiden: [5]\n")
    status, _, err = typed("train", "--config-dir", "mine", "model=wrong")
    assert status == 2
    assert err.count("\n") == 1
    assert "hiden" in err
    assert "model/wrong" in err


def test_another_launcher_runs_the_same_sweep_on_the_same_ledger(typed):
    status, out, err = typed("sweep", "rate=0,0.5", "hydra/launcher=basic", "out=basic", "pack=2", *TINY)
    assert (status, err) == (0, "")
    assert re.search(r"^0\.5 ", out, re.MULTILINE)
    typed("sweep", "rate=0,0.5", "out=packed", "pack=2", *TINY)
    basic, packed = (
        pd.read_csv(f"{name}/trials.csv", dtype=str).drop(columns=TIMES).sort_values("trial_id", ignore_index=True)
        for name in ("basic", "packed")
    )
    assert basic["trial_id"].tolist() == packed["trial_id"].tolist()
    close = (basic["test_loss"].astype(float) - packed["test_loss"].astype(float)).abs()
    assert (close < 1e-2).all()


def test_another_launcher_leaves_out_what_ours_leaves_out(typed):
    words = ["variant=spatial,inverted,standard", "rate=0,0.5", "skip_invalid=true", "hydra/launcher=basic"]
    status, out, _ = typed("sweep", *words, *TINY)
    assert status == 0
    assert "left out 1 arm: variant=spatial model=mlp" in out
    assert len(pd.read_csv("results/sweep/trials.csv")) == 3 * 2  # rate 0 once for all three


def test_help_version_and_lists(typed):
    for words in ([], ["--help"], ["help"]):
        status, out, _ = typed(*words)
        assert status == 0
        assert out.startswith("dropout-lab: train networks over grids")
        assert max(map(len, out.splitlines())) <= 80
    assert re.fullmatch(r"dropout-lab \d+\.\d+\.\d+\n", typed("--version")[1])
    for words, wanted in {
        (): "max_norm",
        ("variants",): "standard",
        ("settings",): "train.lr (",
        ("columns",): "gap\n",
    }.items():
        status, out, _ = typed("list", *words)
        assert status == 0
        assert wanted in out
        assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("dropout-lab ", {"sweep", "train", "list", "data"}),
        ("dropout-lab sw", {"sweep"}),
        ("dropout-lab sweep model=", {"model=cnn", "model=lstm", "model=mlp"}),
        ("dropout-lab sweep rate=0,1 hydra/launcher=", {"hydra/launcher=basic", "hydra/launcher=packed"}),
        ("dropout-lab train train.ba", {"train.batch_size="}),
        ("dropout-lab list va", {"variant"}),
        ("dropout-lab data ", {"list", "get", "check"}),
        ("dropout-lab data get mnist ci", {"cifar10", "cifar100"}),
    ],
)
def test_completion(typed, monkeypatch, line, wanted):
    monkeypatch.setenv("COMP_LINE", line)
    status, out, _ = typed("-sc", "query=bash")
    assert status == 0
    assert set(out.split()) >= wanted


def test_an_axis_without_effect_is_named(typed):
    status, out, _ = typed("sweep", "regularizer.l1=0.1,0.2", "rate=0,0.5", *TINY)
    assert status == 0
    assert "note: regularizer.l1 changes nothing here\n" in out
    assert "rate changes" not in out


def test_a_picture_that_is_behind_or_gone_is_drawn_again(typed, folder):
    typed("sweep", "rate=0,0.5", *TINY)
    svg = folder / "results/sweep/summary.svg"
    first = svg.read_bytes()
    typed("sweep", "rate=0,0.2,0.5", *TINY)
    assert svg.read_bytes() != first
    svg.unlink()
    typed("sweep", "rate=0,0.5", *TINY)
    assert svg.read_bytes() == first
