"""Options for programs that run the command: --quiet, --json, --fail-on and max_minutes=."""

import json

import pandas as pd
import pytest

import dropout_lab
from dropout_lab.errors import TimeOver
from dropout_lab.sweeps import progress, time_limit
from dropout_lab.sweeps.outcome import Outcome

TINY = ["model.hidden=[8]", "train.epochs=1", "seeds=2"]
DIVERGING = ["train=sgd", "train.lr=1e30", *TINY]


@pytest.mark.parametrize("options", [["--quiet"], ["--quiet", "--json"]])
def test_quiet_prints_no_messages(typed, options, monkeypatch):
    monkeypatch.setattr(progress, "INTERVAL", 1e-3)  # progress lines would appear at once
    status, out, err = typed("sweep", "rate=0,0.5", *TINY, *options)
    assert (status, err, len(out.splitlines())) == (0, "", 1)
    assert "--json" in options or out == "results/sweep/summary.md\n"
    assert not progress._silent


def test_json_is_one_object_and_messages_go_to_standard_error(typed, folder):
    status, out, err = typed("sweep", "rate=0,0.5", "out=a", *TINY, "--json")
    report = json.loads(out)
    assert (status, report["exit_status"], report["error"], report["folder"]) == (0, 0, None, "a")
    assert report["trials"] == {"total": 4, "trained": 4, "ok": 4, "diverged": 0, "failed": 0}
    assert set(report["files"]) == {path.name for path in (folder / "a").iterdir() if path.is_file()}
    stored = pd.read_csv("a/summary.csv")
    assert [row["metric"] for row in report["table"]] == stored["metric"].tolist()
    assert [row["mean"] for row in report["table"]] == pytest.approx(stored["mean"].tolist())
    assert err.startswith("a: 4 trials; training 4 in ")
    again = json.loads(typed("sweep", "rate=0,0.5", "out=a", *TINY, "--json")[1])
    assert again == report | {"trials": report["trials"] | {"trained": 0}}


def test_json_of_a_search_and_of_a_wrong_command(typed):
    words = ["rate=interval(0.1,0.5)", "budget=2", "model.hidden=[8]", "train.epochs=1"]
    report = json.loads(typed("search", *words, "--json")[1])
    assert len(report["table"]) == 2
    status, out, err = typed("sweep", "rate=2", "--json")
    assert (status, json.loads(out)["exit_status"]) == (2, 2)
    assert err == f"dropout-lab: {json.loads(out)['error']}\n"


def test_studies_report_their_claims(typed):
    status, out, _ = typed("reproduce", "primer-depth", "scale=smoke", "--json", "--quiet", "out=studies")
    report = json.loads(out)
    assert (status, report["folder"], report["files"]) == (0, "studies", ["claims.csv", "claims.md"])
    assert {row["study"] for row in report["table"]} == {"primer-depth"}
    again = typed("reproduce", "primer-depth", "scale=smoke", "--quiet", "out=studies")
    assert again == (0, "studies/claims.md\n", "")


@pytest.mark.parametrize(
    ("option", "expected"),
    [([], 1), (["--fail-on", "failed"], 0), (["--fail-on=none"], 0), (["--fail-on", "failed,diverged"], 1)],
)
def test_fail_on_selects_the_causes_of_status_1(typed, option, expected):
    assert typed("sweep", *DIVERGING, *option)[0] == expected


def test_a_failed_trial_counts_unless_it_is_left_out():
    outcome = Outcome((), [{"status": "ok"}, {"status": "failed"}], 2)
    assert [outcome.exit_status(causes) for causes in (["failed"], ["diverged"], [])] == [1, 0, 0]
    assert outcome.status == 1


@pytest.mark.parametrize("verdict", ["contradicted", "supported"])
def test_a_contradicted_claim_gives_status_1_on_request(typed, verdict, monkeypatch):
    from dropout_lab import reproduce

    monkeypatch.setattr(reproduce, "_present", lambda measured, say: {verdict})
    words = ["reproduce", "primer-depth", "scale=smoke", "out=studies"]
    assert typed(*words)[0] == 0
    assert typed(*words, "--fail-on", "contradicted")[0] == (verdict == "contradicted")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["sweep", "--fail-on"], "--fail-on: must be one of diverged, failed, none"),
        (["sweep", "--fail-on", "divergd"], "--fail-on divergd: must be one of"),
        (["train", "--fail-on", "contradicted"], "only `dropout-lab reproduce` judges claims"),
        (["sweep", "--quiet=1"], "--quiet takes no value"),
        (["sweep", "max_minutes=-1"], "max_minutes=-1: must be null, or a number in [0, "),
        (["sweep", "max_minutes=1,2"], "max_minutes cannot be an axis"),
        (
            ["sweep", "max_minutes=1", "hydra/launcher=basic"],
            "max_minutes=1.0: is not supported with Hydra's launchers",
        ),
        (["sweep", "--fail-on", "none", "rate=2"], "rate=2: must be"),
    ],
)
def test_wrong_options_are_refused_in_one_line(typed, folder, words, line):
    status, out, err = typed(*words)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert line in err
    assert list(folder.iterdir()) == []


def test_json_is_refused_where_nothing_is_trained(typed):
    for words in (["sweep", "--dry-run"], ["sweep", "--cfg", "job"], ["reproduce", "primer-depth", "--dry-run"]):
        status, out, _ = typed(*words, "--json")
        assert (status, "--json: the result of a training" in json.loads(out)["error"]) == (2, True)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_time_limit_leaves_packs_that_the_same_command_trains(typed, workers):
    words = ["sweep", "rate=0,0.5", "max_pack_size=1", f"workers={workers}", *TINY]
    status, out, err = typed(*words, "max_minutes=0.00001", "out=limited", "--json")
    assert (status, json.loads(out)["exit_status"]) == (3, 3)
    assert "max_minutes=1e-05: the time is over with" in err
    assert "rerun the same command to continue" in err
    assert typed(*words, "out=limited")[0] == 0
    assert typed(*words, "out=whole")[0] == 0
    ids = [set(pd.read_csv(f"{name}/trials.csv")["trial_id"]) for name in ("limited", "whole")]
    assert ids[0] == ids[1]
    assert len(pd.read_csv("limited/trials.csv")) == 4
    assert typed(*words, "out=limited", "max_minutes=0.00001")[0] == 0  # nothing is left to train


def test_packs_in_training_are_finished(typed, monkeypatch):
    readings = iter([False])  # the limit is reached while the first pack is in training
    for module in ("run", "time_limit"):
        monkeypatch.setattr(f"dropout_lab.sweeps.{module}.is_time_over", lambda minutes: next(readings, True))
    status, _, err = typed("sweep", "rate=0,0.5", "max_pack_size=1", "workers=1", "max_minutes=5", *TINY)
    assert status == 3
    stored = pd.read_csv("results/sweep/trials.csv")
    assert (len(stored), set(stored["status"])) == (1, {"ok"})
    assert "3 trials left; 1 of 4 trials are saved" in err


def test_python_raises_at_the_time_limit(folder):
    with pytest.raises(TimeOver, match="the time is over"):
        dropout_lab.sweep(rate=[0, 0.5], seeds=1, max_minutes=1e-5, max_pack_size=1, **{"train.epochs": 1})
    assert time_limit._started is None
