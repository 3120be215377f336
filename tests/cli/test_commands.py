"""The command line as typed."""

import re
import shlex

import pandas as pd
import pytest

from dropout_lab.config.compose import list_choices

TINY = ["model.hidden=[8]", "train.epochs=2", "seeds=2"]
TIMES = ["train_seconds", "seconds_per_epoch"]


def test_a_sweep_prints_its_table_and_leaves_its_files(typed, folder):
    status, out, err = typed("sweep", "rate=0,0.5", *TINY)
    assert (status, err) == (0, "")
    assert re.search(r"^0\.5 +\d+\.\d\d, \d+\.\d\d", out, re.MULTILINE)  # two seeds are too few for an interval
    assert max(map(len, out.splitlines()[:5])) <= 80
    found = {p.name for p in (folder / "results/sweep").iterdir()}
    tables = {f"summary.{kind}" for kind in ("csv", "md", "tex", "png", "svg")} | {"comparisons.csv"}
    assert found == {".dropout-lab", "config.yaml", "trials.csv", "curves.csv"} | tables
    assert [p.name for p in folder.iterdir()] == ["results"]
    status, again, _ = typed("sweep", "rate=0,0.5", *TINY)
    assert status == 0
    assert again.startswith("results/sweep: all 4 trials already completed\n")
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
        (
            ["frobnicate"],
            "no command 'frobnicate'; the commands are sweep, train, search, evaluate, table, status, reproduce, list",
        ),
        (["sweep", "rte=0.1"], "no setting 'rte'; did you mean 'rate'?"),
        (["sweep", "rate=0,1"], "rate=1: must be a number in [0, 1), or a list of them from input to output"),
        (["sweep", "variant=inverte"], "variant=inverte: did you mean 'inverted'?"),
        (["sweep", "arms=none,invertd"], "arms=invertd: did you mean 'inverted'?"),
        (["sweep", "arms=none,[]"], "arms=[]: must be names of variants and regularizers"),
        (["sweep", "model=foo"], "model=foo: must be one of cnn, custom, gru, lstm, mlp"),
        (
            ["sweep", "regularizer=none,[l2,foo]"],
            "regularizer=foo: must be one of " + ", ".join(list_choices("regularizer")),
        ),
        (["sweep", "model.channels=[8]"], "model.channels: model=mlp has no such setting"),
        (["sweep", "train.lr=abc"], "train.lr=abc: must be a number above 0"),
        (["sweep", "train.lr=nan,0.1"], "train.lr=nan: must be a number above 0"),
        (["sweep", "hydra/launcher=packd"], "hydra/launcher=packd: must be one of basic, "),
        (["sweep", "seeds=0"], "seeds=0: the sweep is empty: must be a whole number of seeds"),
        (["sweep", "rate=choice()"], "cannot read 'rate=choice()'"),
        (["train", "rate=0,0.5"], "rate=0,0.5: train takes one value per setting; `dropout-lab sweep` takes several"),
        (["train", "seeds=5"], "seeds=5: train takes one seed, such as seeds=[7]; `dropout-lab sweep` takes several"),
        (
            ["sweep", "data=wine", "model=lstm"],
            "model=lstm: requires series, texts, or images, whose rows it reads as time steps",
        ),
        (["sweep", "device=cuda:99"], "device=cuda:99: torch detects"),
        (["sweep", "out=/dev/null/x"], "out=/dev/null/x: cannot be written"),
        (["list", "model", "cnn"], "list model cnn: takes one word"),
        (["list", "dropblok"], "list dropblok: did you mean 'dropblock'?"),
        (["list", "varaints"], "list varaints: did you mean 'variants'?"),
        (["list", "foo"], "list foo: must be one of data, model,"),
        (["sweep", "--dry-run=1"], "--dry-run takes no value"),
        (["train", "--cfg", "job", "seeds=[1]", "model=glob(*)"], "model=glob(*): train takes one value"),
        (["sweep", "--cfg", "job", "rate=0,0.5"], "rate=0,0.5: --cfg shows one configuration; give one value"),
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
    assert re.search(r"^1e\+30 +- +- +0 +2, a third$", out, re.MULTILINE)


def test_dry_run_says_what_would_run_and_leaves_nothing(typed, folder):
    status, out, _ = typed("sweep", "rate=0,0.5", "--dry-run", *TINY)
    assert status == 0
    assert re.search(r"arms +2\n", out)
    assert re.search(r"trials +4: 0 already completed in results/sweep, 4 to train\n", out)
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
    assert "regularizer: " + ", ".join(list_choices("regularizer")) in " ".join(out.split())
    assert "schema" not in out
    assert max(map(len, out.splitlines())) <= 80
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
    assert err == "dropout-lab: no setting 'model.hiden'; did you mean 'model.hidden'?\n"


def test_another_launcher_runs_the_same_sweep_on_the_same_ledger(typed):
    status, out, err = typed("sweep", "rate=0,0.5", "hydra/launcher=basic", "out=basic", "max_pack_size=2", *TINY)
    assert (status, err) == (0, "")
    assert re.search(r"^0\.5 ", out, re.MULTILINE)
    typed("sweep", "rate=0,0.5", "out=packed", "max_pack_size=2", *TINY)
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
    assert "skipped 1 arm: variant=spatial model=mlp" in out
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


def test_a_setting_without_effect_is_named(typed):
    status, out, _ = typed("sweep", "--dry-run", "budget=5", "data.path=x.csv", "train.epochs=3", "seeds=1")
    assert status == 0
    assert [line for line in out.splitlines() if line.startswith("warning: ")] == [
        "warning: data.path has no effect in this sweep",
        "warning: budget has no effect in this sweep",
    ]
    assert "1 trial\n" in out
    status, out, _ = typed("search", "--dry-run", "budget=5", "rate=interval(0,0.5)", "seeds=1")
    assert (status, "warning" in out) == (0, False)


def test_an_axis_without_effect_is_named(typed):
    status, out, _ = typed("sweep", "regularizer.l1=0.1,0.2", "rate=0,0.5", *TINY)
    assert status == 0
    assert "warning: regularizer.l1 has no effect in this sweep\n" in out
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


def test_arms_by_name_are_compared_and_their_table_is_rebuilt_from_the_files(typed, folder):
    status, out, _ = typed("sweep", "arms=none,inverted,[inverted,l2]", "model.hidden=[8]", "train.epochs=1", "seeds=2")
    assert status == 0
    assert re.search(r"^none .* baseline", out, re.MULTILINE)
    assert re.search(r"^inverted\+l2 ", out, re.MULTILINE)
    status, again, _ = typed("table")
    assert status == 0
    figures = re.findall(r"\d+\.\d\d \[.*", out)
    assert re.findall(r"\d+\.\d\d \[.*", again) == figures
    for form, start in {"md": "| variant | regularizer |", "latex": r"\begin{tabular}", "csv": "arm,metric"}.items():
        status, shown, _ = typed("table", "out=results/sweep", f"format={form}")
        assert (status, shown.startswith(start)) == (0, True)


def test_a_tuned_sweep_shows_what_was_chosen_and_at_what_cost(typed, folder):
    words = ["tune=true", "arms=none,inverted", "budget=2", "seeds=2", "model.hidden=[8]", "train.epochs=1"]
    status, out, _ = typed("sweep", *words)
    assert status == 0
    assert re.search(r"^none +-", out, re.MULTILINE)
    assert re.search(r"inverted +rate=0\.\d+", out)
    assert re.search(r"4 in \d+ s +2$", out, re.MULTILINE)
    assert "selected by the validation score on 2 separate seeds" in " ".join(out.split())
    assert max(map(len, out.splitlines()[:-1])) <= 80
    table = out.split("\n\n", 1)[1].rsplit("results/sweep/:", 1)[0].strip()
    assert typed("table")[1].strip() == table
    assert pd.read_csv(folder / "results/sweep/tuning.csv")["picked"].sum() == 2
    assert " to train\n" in typed("sweep", *words, "--dry-run")[1]


def test_a_search_names_the_best_settings_and_reads_no_test_part(typed, folder):
    words = ["arms=[inverted,l2]", "budget=3", "seeds=2", "model.hidden=[8]", "train.epochs=1"]
    status, out, _ = typed("search", *words)
    assert status == 0
    assert re.search(r"^l2=\S+ rate=0\.\d+ +\d+\.\d\d +\d\.\d{4} +2$", out, re.MULTILINE)
    command = re.search(r"^  dropout-lab (sweep .*)$", out, re.MULTILINE)[1]
    trials = pd.read_csv(folder / "results/search/trials.csv")
    assert (len(trials), trials["test_accuracy"].notna().sum()) == (6, 0)
    assert typed(*shlex.split(command))[0] == 0
    status, _, err = typed("search", "arms=none,l2")
    assert (status, "search takes one arm" in err) == (2, True)


def test_predictions_are_kept_and_compared(typed, folder):
    from dropout_lab.report.predictions import correct_examples, load_predictions

    words = ["arms=none,inverted", "model.hidden=[8]", "train.epochs=1", "seeds=1"]
    assert typed("sweep", *words)[0] == 0
    status, out, _ = typed("sweep", *words, "save_predictions=true")
    assert (status, "training 2 in 1 pack" in out) == (0, True)
    assert "all 2 trials already completed" in typed("sweep", *words, "save_predictions=true")[1]
    trials = pd.read_csv(folder / "results/sweep/trials.csv", dtype={"trial_id": str})
    assert len(trials) == 2
    hits = [correct_examples("results/sweep", i) for i in trials["trial_id"]]
    assert [h.mean() for h in hits] == pytest.approx(trials["test_accuracy"].tolist())
    rows = [load_predictions("results/sweep", i)["rows"].tolist() for i in trials["trial_id"]]
    assert rows[0] == rows[1]
    found = pd.read_csv(folder / "results/sweep/comparisons.csv").iloc[0]
    assert found["arm"] == "inverted"
    assert (found["n_only_other"], found["n_only_arm"]) == ((hits[0] & ~hits[1]).sum(), (hits[1] & ~hits[0]).sum())
    assert 0 <= found["p_mcnemar"] <= 1


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["table", "out=nowhere"], "out=nowhere: contains no sweep (No such file or directory)"),
        (["table", "format=pdf"], "format=pdf: must be one of text, md, latex, csv"),
        (["table", "rate=0.5"], "table rate=0.5: unknown option; table takes out=DIR and format="),
        (["search", "tune=true"], "search always tunes; leave out tune="),
        (["sweep", "tune=true", "arms=inverted", "hydra/launcher=basic"], "tune=true: is not supported with"),
    ],
)
def test_new_commands_that_are_wrong(typed, folder, words, line):
    status, _, err = typed(*words)
    assert (status, len(err.splitlines())) == (2, 1)
    assert line in err
