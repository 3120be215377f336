"""Interpolations in a user's files and on the command line follow the values of each arm."""

import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

import dropout_lab
from dropout_lab.config.compose import CONF, open_composer
from dropout_lab.errors import ConfigError
from dropout_lab.tuning.space import search_space

TINY = ["train.epochs=1", "seeds=1"]
SMALL = ["--config-dir", "conf", "model=small"]
KINDS = [[], ["hydra/launcher=basic"], ["hydra/sweeper=basic"]]


def write(folder: Path, **files: str) -> None:
    """Write files of groups: ``model_small="..."`` is conf/model/small.yaml."""
    for name, text in files.items():
        path = folder / "conf" / f"{name.replace('_', '/', 1)}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def conf(folder):
    write(folder, model_small='defaults: [mlp, _self_]\nhidden: ["${train.batch_size}"]\n')
    return folder


def column(name: str, out: str = "results/sweep") -> list:
    return sorted(pd.read_csv(f"{out}/trials.csv")[name].tolist())


def shown(text: str) -> dict:
    return yaml.safe_load(text)


@pytest.mark.parametrize("kind", KINDS, ids=" ".join)
def test_a_file_follows_the_values_of_each_arm(kind, typed, conf):
    status, _, err = typed("sweep", *SMALL, "train.batch_size=32,64", *TINY, *kind)
    assert (status, err) == (0, "")
    assert column("model.hidden") == [32, 64]
    assert column("parameters") == [65 * 32 + 33 * 10, 65 * 64 + 65 * 10]
    assert {path.name for path in conf.iterdir()} == {"conf", "results"}


def test_train_and_its_pages_follow(typed, conf):
    words = ["train", *SMALL, "train.batch_size=16"]
    assert shown(typed(*words, "--cfg", "job")[1])["model"]["hidden"] == ["${train.batch_size}"]
    assert shown(typed(*words, "--cfg", "job", "--resolve")[1])["model"]["hidden"] == [16]
    assert typed(*words, "--dry-run")[0] == 0
    assert [path.name for path in conf.iterdir()] == ["conf"]
    assert typed(*words, "train.epochs=1")[0] == 0
    assert column("model.hidden", "results/train") == [16]


def test_a_dry_run_with_a_sweeper_of_hydra_leaves_nothing(typed, conf):
    assert typed("sweep", *SMALL, "train.batch_size=8,16", "hydra/sweeper=basic", "--dry-run")[0] == 0
    assert [path.name for path in conf.iterdir()] == ["conf"]


def test_every_group_and_form_of_interpolation_follows(typed, conf, monkeypatch):
    monkeypatch.setenv("LR", "0.01")
    monkeypatch.setenv("UNITS", "[8,${train.epochs}]")
    write(
        conf,
        data_half="defaults: [digits, _self_]\nval_fraction: ${rate}\n",
        model_deep="defaults: [small, _self_]\nactivation: ${oc.env:NONE,tanh}\n",
        variant_mine="defaults: [dropblock, _self_]\nblock_size: ${train.epochs}\n",
        schedule_mine="kind: annealed\nfraction: ${data.val_fraction}\n",
        regularizer_mine="chosen: {l2: true}\nl2: ${oc.decode:${oc.env:LR}}\n",
        train_mine="defaults: [sgd, _self_]\nlr: ${oc.env:LR}\nmomentum: ${rate}\n",
        infer_mine="kind: weight_scaling\npasses: ${train.epochs}\n",
    )
    groups = [
        "data=half",
        "model=deep",
        "variant=mine",
        "schedule=mine",
        "regularizer=mine",
        "train=mine",
        "infer=mine",
    ]
    words = ["train", "--config-dir", "conf", *groups, "rate=0.25", "train.epochs=7", "train.batch_size=9"]
    got = shown(typed(*words, "--cfg", "job", "--resolve", "input_rate=${rate}", "base_seed=${train.epochs}")[1])
    assert got["data"]["val_fraction"] == got["schedule"]["fraction"] == got["train"]["momentum"] == 0.25
    assert (got["model"]["hidden"], got["model"]["activation"]) == ([9], "tanh")
    assert got["variant"]["block_size"] == got["infer"]["passes"] == got["base_seed"] == 7
    assert got["regularizer"]["l2"] == got["train"]["lr"] == 0.01
    assert got["input_rate"] == 0.25
    hidden = shown(typed(*words, "--cfg", "job", "--resolve", 'model.hidden="${oc.decode:${oc.env:UNITS}}"')[1])
    assert hidden["model"]["hidden"] == [8, 7]


def test_values_of_the_command_line_may_be_interpolations(typed, folder, monkeypatch):
    monkeypatch.setenv("OUT", "elsewhere")
    monkeypatch.setenv("RATES", "0.25")
    words = ["rate=${oc.env:RATES},0.5", "model.hidden=[${train.batch_size},4]", "input_rate='${rate}'", *TINY]
    status, out, err = typed("sweep", *words, "train.batch_size=16,32", "out=${oc.env:OUT}")
    assert (status, err) == (0, "")
    assert column("model.hidden", "elsewhere") == ["16/4", "16/4", "32/4", "32/4"]
    assert column("rate", "elsewhere") == column("input_rate", "elsewhere") == [0.25, 0.25, 0.5, 0.5]
    assert re.search(r"^0\.25 ", out, re.MULTILINE)  # the label shows the value
    assert "${" not in out


def test_a_trial_is_known_by_its_resolved_values(arms_of):
    plain = arms_of("rate=0.3", "input_rate=0.3", "seeds=1")[0]
    other = arms_of("rate=0.3", "input_rate=${rate}", "seeds=1")[0]
    assert [trial.id for trial in plain.trials] == [trial.id for trial in other.trials]
    assert other.config == plain.config
    assert "input_rate=0.3" in other.words


def test_a_launcher_gets_resolved_values(arms_of, monkeypatch):
    monkeypatch.setenv("LR", "0.02")
    arm = arms_of("train.lr=${oc.env:LR}", "out=${now:%Y}", "seeds=1")[0]
    assert "train.lr=0.02" in arm.words
    assert not any("${" in word for word in arm.words)


def test_what_is_tuned_is_followed(arms_of):
    arm = arms_of("tune=true", "rate=interval(0.1,0.5)", "input_rate=${rate}", "train.lr=0.1")[0]
    assert [dimension.key for dimension in search_space(arm)] == ["rate"]
    assert arm.changed({"rate": 0.2}).input_rate == 0.2
    assert arm.changed({"rate": 0.2}).train.lr == 0.1


def test_a_tuned_sweep_trains_what_follows(typed, conf):
    words = [*SMALL, "train.batch_size=interval(8,32)", "budget=3", "tuning_seeds=1", "arms=none", "evaluate_test=true"]
    status, _, err = typed("sweep", "tune=true", *words, *TINY)
    assert (status, err) == (0, "")
    table = pd.read_csv("results/sweep/trials.csv")
    assert len(set(table["train.batch_size"])) > 1
    assert table["model.hidden"].tolist() == table["train.batch_size"].tolist()
    status, _, err = typed("search", *words, *TINY)
    assert (status, err) == (0, "")
    table = pd.read_csv("results/search/trials.csv")
    assert table["model.hidden"].tolist() == table["train.batch_size"].tolist()


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("train.lr=${nope}", "train.lr=${nope}: no setting 'nope'; "),
        ("train.lr=${train.lrr}", "train.lr=${train.lrr}: no setting 'train.lrr'; did you mean 'train.lr'?"),
        ("train.lr=${train.lr}", "train.lr=${train.lr}: the interpolation of train.lr refers to itself"),
        (
            "model.hidden=[${model.hidden}]",
            "model.hidden=[${model.hidden}]: the interpolation of model.hidden[0]",
        ),
        ("train.lr=${oc.env:NOT_SET}", "train.lr=${oc.env:NOT_SET}: Environment variable 'NOT_SET' not found"),
        (
            "rate=${input_rate}",
            "rate=null: must be a number in [0, 1), or a list of them from input to output (",
        ),
        (
            "model.hidden=[${train.lr}]",
            "model.hidden=[0.001]: must be a list of whole numbers in [1, 1000000] (",
        ),
        ("rate='${'", "cannot read"),
        ("rate=${zork:1}", "rate=${zork:1}: Unsupported interpolation type zork"),
        (
            "out=r${train.batch_size}",
            "out=r${train.batch_size}: must have one value for the whole sweep, got r8 and",
        ),
        ("train.epochs=${rate}", "train.epochs=0.5: must be a whole number in [1, 1000000] (resolved from"),
        ("arms=${oc.env:HOME}", "arms=${oc.env:HOME}: must be one of none, "),
        ("model.hiden=${rate}", "no setting 'model.hiden'; did you mean 'model.hidden'?"),
    ],
)
def test_what_cannot_be_resolved_is_refused_in_one_line(word, line, typed, folder):
    status, out, err = typed("sweep", word, "train.batch_size=8,16")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"dropout-lab: {line}")
    assert list(folder.iterdir()) == []


def test_a_sweeper_and_a_launcher_of_hydra_are_refused_together(typed, folder):
    status, _, err = typed("sweep", "hydra/sweeper=basic", "hydra/launcher=basic", *TINY)
    assert (status, err) == (
        2,
        "dropout-lab: hydra/launcher=basic: cannot be combined with hydra/sweeper=; leave out one\n",
    )
    assert typed("sweep", "hydra/sweeper=packed", "hydra/launcher=basic", "rate=0,0.5", *TINY)[0] == 0


@pytest.mark.parametrize("kind", KINDS, ids=" ".join)
def test_a_file_that_cannot_be_resolved_is_refused_in_one_line(kind, typed, folder):
    write(folder, model_small='defaults: [mlp, _self_]\nhidden: ["${train.nope}"]\n')
    status, _, err = typed("sweep", *SMALL, "train.batch_size=8,16", *TINY, *kind)
    assert (status, err.count("\n")) == (2, 1)
    assert "no setting 'train.nope'" in err
    write(folder, model_small="defaults: [mlp, _self_]\nembedding: ${train.epochs}\n", train_mine="epochs: ${seeds}\n")
    status, _, err = typed("sweep", *SMALL, "train=mine", "seeds=${model.embedding}", *kind)
    assert (status, err.count("\n")) == (2, 1)
    assert "refers to itself" in err


def test_train_counts_the_seeds_that_an_interpolation_stands_for(typed, folder):
    status, _, err = typed("train", "seeds=${train.epochs}", "train.epochs=3")
    assert (status, err) == (
        2,
        "dropout-lab: seeds=3: train takes one seed, such as seeds=[7]; `dropout-lab sweep` takes several\n",
    )
    assert typed("train", "seeds=[${train.epochs}]", "train.epochs=1")[0] == 0
    assert column("seed", "results/train") == [1]


def test_a_setting_of_another_model_may_follow_too(arms_of):
    arms = arms_of("model=mlp,cnn", "model.channels=[${train.batch_size}]", "train.batch_size=8", "seeds=1")
    assert [getattr(arm.config.model, "channels", None) for arm in arms] == [None, [8]]
    with pytest.raises(ConfigError, match=r"model.channels: model=mlp has no such setting"):
        arms_of("model=mlp", "model.channels=[${train.batch_size}]")


def test_another_launcher_takes_settings_of_one_of_the_models(typed, folder):
    words = ["model=mlp,cnn", "model.channels=[${train.epochs}]", "hydra/launcher=basic", *TINY]
    status, _, err = typed("sweep", *words)
    assert (status, err) == (0, "")
    assert pd.read_csv("results/sweep/trials.csv").set_index("model")["model.channels"].to_dict()["cnn"] == 1


def test_evaluate_takes_interpolations(typed, folder, monkeypatch):
    monkeypatch.setenv("OUT", "kept")
    monkeypatch.setenv("PASSES", "3")
    assert typed("sweep", *TINY, "save_weights=true", "out=kept", "input_rate=${rate}", "rate=0.2")[0] == 0
    status, _, err = typed("evaluate", "out=${oc.env:OUT}", "infer=monte_carlo", "infer.passes=${oc.env:PASSES}")
    assert (status, err) == (0, "")
    assert pd.read_csv("kept/evaluations.csv")["infer.passes"].tolist() == [3]


def test_the_python_function_takes_interpolations(folder):
    frame = dropout_lab.sweep(
        rate=[0.2, 0.4], input_rate="${rate}", seeds=1, train={"epochs": 1}, model={"hidden": [["${train.batch_size}"]]}
    )
    assert frame["input_rate"].tolist() == [0.2, 0.4]
    assert frame["model.hidden"].tolist() == [64, 64]


def test_a_study_takes_interpolations(folder):
    from dropout_lab.studies.cells import make_cells
    from dropout_lab.studies.loader import parse_study
    from dropout_lab.sweeps.grid import expand_grid, make_arms

    study = parse_study(
        "mine",
        {
            **dict.fromkeys(("title", "source", "question"), "x"),
            "base": "input_rate=${rate} model.hidden=[${train.batch_size}]",
            "arms": {"dropout": "rate=0.2,0.4"},
            "metrics": {"m": {"value": "test_accuracy", "title": "x"}},
            "scales": {"smoke": {"set": "train.epochs=1 seeds=1 train.batch_size=16"}},
        },
    )
    made = [expand_grid([], {cell.label: cell.words}) for cell in make_cells(study, study.scales["smoke"])]
    with open_composer() as points:
        configs = [arm.config for arm in make_arms([job for jobs in made for job in jobs], points)]
    assert [(each.rate, each.input_rate, each.model.hidden) for each in configs] == [(0.2, 0.2, [16]), (0.4, 0.4, [16])]


def test_a_page_shows_the_values_that_are_trained(typed, folder):
    page = typed("train", "rate=0.30000000000000004", "out=1.10", "--cfg", "job")[1]
    assert shown(page)["rate"] == 0.3
    assert shown(page)["out"] == "1.10"
    status, _, err = typed("train", "rate=[0.1,0.2,0.3]", "--cfg", "job")
    assert (status, err.count("\n")) == (2, 1)
    assert "must have one entry for each of the 2 sites" in err
    assert typed("train", "--cfg", "job", "train.epochs=1", "rate=0.1")[0] == 0
    typed("train", "train.epochs=1", "rate=0.1")
    stored = yaml.safe_load(Path("results/train/config.yaml").read_text())
    assert shown(typed("train", "--cfg", "job", "train.epochs=1", "rate=0.1")[1]) == stored


def test_a_plain_composition_is_not_resolved_again(composer):
    points = composer()
    assert points.composition(["rate=0.1"]).expressions == {}
    assert points.composition(["rate=0.1"]).template is points.composition(["rate=0.2"]).template


def test_the_first_line_of_the_config_names_a_folder_that_is_there():
    place = re.search(r"in (dropout_lab/\S*?)\.?$", (CONF / "config.yaml").read_text().splitlines()[0])
    assert place
    assert (Path(dropout_lab.__file__).parent.parent / place[1]).is_dir()
