"""Former names of settings: they mean the same as the names of today, wherever settings are read."""

import json
from dataclasses import asdict

import pandas as pd
import pytest

from dropout_lab import sweep
from dropout_lab.config import DEPRECATED, GROUPS, current_key, current_words, list_settings, update_settings
from dropout_lab.config.compose import list_choices
from dropout_lab.errors import ConfigError
from dropout_lab.settings.fields import DeprecatedSetting
from dropout_lab.studies.loader import parse_study
from dropout_lab.sweeps.checkpoints import list_saved
from dropout_lab.sweeps.ledger import Ledger
from dropout_lab.trial import canonical

from .studies.conftest import BASE

FORMER = ["train.lr_decay=0.5", "train.lr_hold=1"]
TODAY = ["lr_schedule=exponential", "lr_schedule.gamma=0.5", "lr_schedule.hold=1"]
SMALL = ["model.hidden=[8]", "train.epochs=3", "rate=0.3", "seeds=2"]
TIMES = ["train_seconds", "seconds_per_epoch"]


def rows(folder):
    frame = pd.read_csv(f"{folder}/trials.csv", dtype=str, keep_default_na=False).drop(columns=TIMES)
    return frame.sort_values("trial_id", ignore_index=True)


@pytest.mark.parametrize("key", DEPRECATED)
def test_every_former_name_leads_to_a_setting(key):
    keys = {entry.key for entry in list_settings()}
    assert key not in keys, "a former name cannot be that of another setting"
    assert DEPRECATED[key].key in keys
    assert current_key(key) == DEPRECATED[key].key
    for group, choice in DEPRECATED[key].implied.items():
        assert group in GROUPS
        assert choice in list_choices(group)


class TestWords:
    def test_former_names_are_replaced_with_a_warning(self):
        with pytest.warns(DeprecatedSetting) as warned:
            assert current_words([*FORMER, "rate=0.3"]) == [*TODAY, "rate=0.3"]
        assert [str(each.message) for each in warned] == [
            "train.lr_decay is deprecated and will be removed; write lr_schedule=exponential lr_schedule.gamma=0.5",
            "train.lr_hold is deprecated and will be removed; write lr_schedule.hold=1",
        ]

    def test_other_words_are_left_alone(self):
        words = ["rate=0,0.5", "model=cnn", "out=train.lr_decay", "train.lr_decay"]
        assert current_words(words) == words

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (
                ["lr_schedule.gamma=0.9"],
                "train.lr_decay is the deprecated name of lr_schedule.gamma, which is also given",
            ),
            (
                ["lr_schedule=cosine"],
                "means lr_schedule=exponential lr_schedule.gamma=0.5, but lr_schedule=cosine",
            ),
            (["lr_schedule=exponential,step"], "but lr_schedule=exponential,step is given; remove one of them"),
        ],
    )
    def test_contradictions_are_refused(self, words, message):
        with pytest.raises(ConfigError, match=message):
            current_words(["train.lr_decay=0.5", *words])

    @pytest.mark.filterwarnings("ignore::dropout_lab.settings.fields.DeprecatedSetting")
    def test_what_is_implied_may_be_given(self):
        assert current_words([TODAY[0], "train.lr_decay=0.5"]) == TODAY[:2]


def test_the_identity_is_the_one_that_the_former_names_had(config):
    identity = json.loads(canonical(config("train=sgd", *TODAY)).identity)
    assert (identity["train.lr_decay"], identity["train.lr_hold"]) == (0.5, 1)
    plain = json.loads(canonical(config("train=sgd")).identity)
    assert identity == plain | {"train.lr_decay": 0.5, "train.lr_hold": 1}
    assert not [key for key in plain if "lr_" in key]
    unchanging = canonical(config("train=sgd", "lr_schedule=exponential", "lr_schedule.gamma=1", "lr_schedule.hold=3"))
    assert json.loads(unchanging.identity) == plain
    assert json.loads(canonical(config("lr_schedule=cosine")).identity)["lr_schedule.kind"] == "cosine"


@pytest.mark.parametrize(
    "words",
    [
        ["lr_schedule=step", "lr_schedule.gamma=1"],
        ["lr_schedule=linear_warmup", "lr_schedule.warm_up=0"],
        ["lr_schedule=linear_warmup", "lr_schedule.start=1"],
        ["lr_schedule=cosine", "lr_schedule.final=1"],
        ["lr_schedule.by=update"],
    ],
)
def test_a_schedule_that_changes_nothing_is_the_constant_one(words, config):
    assert canonical(config(*words)).identity == canonical(config()).identity


def test_the_command_trains_the_same_under_both_names(typed, folder):
    status, _, err = typed("sweep", *SMALL, *FORMER, "out=former")
    assert status == 0
    assert [line.partition(" is deprecated")[0] for line in err.splitlines()] == [
        "dropout-lab: note: train.lr_decay",
        "dropout-lab: note: train.lr_hold",
    ]
    status, _, err = typed("sweep", *SMALL, *TODAY, "out=today")
    assert (status, err) == (0, "")
    pd.testing.assert_frame_equal(rows("former"), rows("today"))
    assert (folder / "former/curves.csv").read_text() == (folder / "today/curves.csv").read_text()
    assert rows("today")["lr_schedule.gamma"].tolist() == ["0.5", "0.5"]
    assert rows("today")["lr_schedule"].tolist() == ["exponential", "exponential"]
    assert pd.read_csv("today/curves.csv")["lr"].tolist() == [0.001, 0.0005, 0.00025] * 2


def test_an_axis_and_a_range_may_have_a_former_name(typed, folder):
    status, _, _ = typed("sweep", *SMALL, "train.lr_decay=1,0.5", "out=axis")
    assert status == 0
    assert sorted(rows("axis")["lr_schedule.gamma"]) == ["", "", "0.5", "0.5"]
    words = ["arms=inverted", "budget=2", "tuning_seeds=1", "model.hidden=[8]", "train.epochs=2", "rate=0.3"]
    status, _, _ = typed("search", *words, "train.lr_decay=interval(0.5,0.9)", "out=range")
    assert status == 0
    assert len(set(rows("range")["lr_schedule.gamma"])) == 2


def test_the_python_function_takes_former_names(folder):
    settings = {"model": {"hidden": [[8]]}, "train.epochs": 2, "seeds": 1, "rate": 0.3}
    with pytest.warns(DeprecatedSetting):
        former = sweep(**settings, **{"train.lr_decay": 0.5}, out="former")
    today = sweep(**settings, lr_schedule="exponential", **{"lr_schedule.gamma": 0.5}, out="today")
    assert former["trial_id"].tolist() == today["trial_id"].tolist()


def test_a_study_takes_former_names():
    former = {"base": f"data=digits {FORMER[0]}", "scales": {"smoke": {"set": f"seeds=2 {FORMER[1]}"}}}
    today = {"base": f"data=digits {' '.join(TODAY[:2])}", "scales": {"smoke": {"set": f"seeds=2 {TODAY[2]}"}}}
    more = {"together": [["train.lr", "train.lr_decay"]], "replicates": ["seed", "train.lr_hold"]}
    more_today = {"together": [["train.lr", "lr_schedule.gamma"]], "replicates": ["seed", "lr_schedule.hold"]}
    with pytest.warns(DeprecatedSetting):
        study = parse_study("a", {**BASE, **former, **more})
    assert study == parse_study("a", {**BASE, **today, **more_today})
    with pytest.raises(ConfigError, match=r"a: base: train.lr_decay=0.5: means .* lr_schedule=cosine is given"):
        parse_study("a", {**BASE, "base": "lr_schedule=cosine train.lr_decay=0.5"})


class TestUsersFiles:
    @pytest.fixture
    def mine(self, folder):
        (folder / "mine" / "train").mkdir(parents=True)
        return folder / "mine" / "train" / "falling.yaml"

    def test_a_file_may_use_former_names(self, typed, mine):
        mine.write_text("defaults: [sgd, _self_]\nlr_decay: 0.5\nlr_hold: 1\n")
        status, _, err = typed("sweep", *SMALL, "--config-dir", "mine", "train=falling", "out=former")
        assert (status, err.count("note: train.lr_decay is deprecated")) == (0, 1)
        typed("sweep", *SMALL, "train=sgd", *TODAY, "out=today")
        pd.testing.assert_frame_equal(rows("former"), rows("today"))
        status, _, err = typed("train", "--config-dir", "mine", "train=falling", "lr_schedule=cosine", "out=refused")
        assert status == 2
        assert "train.lr_decay=0.5: means lr_schedule=exponential" in err.splitlines()[-1]

    def test_a_slip_in_a_file_is_still_refused(self, typed, mine):
        mine.write_text("defaults: [sgd, _self_]\nlr_dekay: 0.5\nnesterov: true\n")
        status, _, err = typed("train", "--config-dir", "mine", "train=falling", "out=refused")
        assert (status, err.count("\n")) == (2, 1)
        assert "no setting 'train.lr_dekay'" in err

    @pytest.mark.filterwarnings("ignore::dropout_lab.settings.fields.DeprecatedSetting")
    def test_a_range_for_tuning_may_be_given_for_a_former_name(self, typed, folder):
        (folder / "mine" / "variant").mkdir(parents=True)
        tune = "tune: {train.lr_decay: {low: 0.5, high: 0.9}}\n"
        (folder / "mine" / "variant" / "tuned.yaml").write_text(f"defaults: [inverted, _self_]\n{tune}")
        words = ["--config-dir", "mine", "variant=tuned", "rate=0.3", "budget=2", "tuning_seeds=1", "train.epochs=2"]
        status, _, _ = typed("search", *words, "lr_schedule=exponential", "model.hidden=[8]", "out=range")
        assert status == 0
        assert len(set(rows("range")["lr_schedule.gamma"])) == 2


def stored_before(config, gamma, hold):
    """The settings of a trial as a version without learning-rate schedules stored them."""
    values = asdict(config)
    del values["lr_schedule"]
    values["train"] |= {"lr_decay": gamma, "lr_hold": hold}
    del values["train"]["momentum_start"], values["train"]["momentum_ramp"]
    return values


@pytest.mark.parametrize(("words", "gamma", "hold"), [(TODAY, 0.5, 1), ([], 1.0, 0)])
def test_weights_of_an_older_version_are_read(words, gamma, hold, folder, arms_of, monkeypatch):
    from dropout_lab.sweeps import checkpoints as weights
    from dropout_lab.tuning.search import run_or_tune

    with monkeypatch.context() as patch:
        patch.setattr(weights, "asdict", lambda config: stored_before(config, gamma, hold))
        run_or_tune(arms_of(*SMALL, *words, "out=out", "save_weights=true"), lambda line: None)
    ids = set(Ledger("out").rows())
    assert {each.trial.id for each in list_saved("out", ids)} == ids
    assert len(ids) == 2


def test_stored_settings_are_updated_in_place():
    stored = {"train": {"lr": 0.1, "lr_decay": 0.5, "lr_hold": 2}, "rate": 0.5}
    update_settings(stored, warn=False)
    assert stored["train"] == {"lr": 0.1}
    assert stored["lr_schedule"] == {"kind": "exponential", "gamma": 0.5, "hold": 2}


class TestColumns:
    @pytest.fixture
    def older(self, typed, folder):
        """A folder as an older version would have left it: falling and constant learning rates."""
        typed("sweep", *SMALL, "train.lr_decay=1,0.5", "out=out")
        frame = pd.read_csv("out/trials.csv", dtype=str, keep_default_na=False)
        former = {"lr_schedule.gamma": "train.lr_decay", "lr_schedule.hold": "train.lr_hold"}
        newer = [name for name in frame if name.startswith("lr_schedule") and name not in former]
        frame.drop(columns=newer).rename(columns=former).to_csv("out/trials.csv", index=False)
        pd.read_csv("out/curves.csv", dtype=str, keep_default_na=False).drop(columns="lr").to_csv(
            "out/curves.csv", index=False
        )
        return rows("out")

    def test_the_next_command_updates_the_file_and_trains_nothing_again(self, older, typed):
        assert "train.lr_decay" in older
        status, out, _ = typed("sweep", *SMALL, "train.lr_decay=1,0.5", "out=out")
        assert status == 0
        assert "all 4 trials already completed" in out
        now = rows("out")
        assert now["lr_schedule.gamma"].tolist() == older["train.lr_decay"].tolist()
        assert now["lr_schedule"].tolist() == [
            {"0.5": "exponential"}.get(cell, "constant") for cell in older["train.lr_decay"]
        ]
        assert not {"train.lr_decay", "train.lr_hold"} & set(now)
        curves = pd.read_csv("out/curves.csv")
        assert curves["lr"].isna().all()

    def test_the_table_is_that_of_today_and_the_file_stays(self, older, typed, folder):
        before = (folder / "out/trials.csv").read_bytes()
        status, out, _ = typed("table", "out=out")
        assert status == 0
        assert "exponential" in out or "gamma" in out
        assert out.count(" 2\n") >= 2, "two arms of two seeds each"
        assert (folder / "out/trials.csv").read_bytes() == before


@pytest.mark.parametrize("name", ["train_lr_decay", "lr_schedule_gamma"])
def test_expressions_of_a_study_may_name_a_column_by_either_name(name):
    from dropout_lab.studies.expressions import evaluate_expression, rename_columns

    frame = pd.DataFrame({"lr_schedule.gamma": [0.5, 0.9], "test_accuracy": [0.1, 0.2]})
    assert evaluate_expression(rename_columns(frame), f"{name} < 0.7", "here").tolist() == [True, False]
