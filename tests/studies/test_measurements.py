"""Metrics of a study, read off the files of a sweep folder."""

import pytest

from dropout_lab.errors import ConfigError
from dropout_lab.studies.loader import parse_study
from dropout_lab.studies.measurements import check_expressions
from dropout_lab.sweeps.columns import CURVE_COLUMNS, trial_columns
from dropout_lab.sweeps.ledger import append_rows

from .conftest import BASE


def metric(**changes):
    return {"metrics": {"m": {"value": "x", "title": "x", **changes}}}


def curve(label, losses, trains=None):
    trains = trains or losses
    return [
        {"trial_id": f"{label}-0", "epoch": i, "val_loss": v, "train_loss": t, "rate": 0.0}
        for i, (v, t) in enumerate(zip(losses, trains, strict=True), 1)
    ]


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        ({"value": "epoch", "at": "best"}, 2.0),
        ({"value": "train_loss", "at": "last"}, 0.7),
        ({"value": "train_loss", "at": "min"}, 0.6),
        ({"value": "10 * train_loss + epoch", "at": "first"}, 10.0),
        ({"value": "train_loss", "where": "epoch <= 2", "at": "mean"}, 0.85),
        ({"value": "train_loss", "where": "epoch > 9"}, None),
    ],
)
def test_a_reading_gives_one_number_a_trial(planted, reading, expected):
    changes = metric(readings={"x": {"file": "curves.csv", **reading}})
    rows = [*curve("a", [3, 1, 2, 4], [0.9, 0.8, 0.6, 0.7]), *curve("b", [1, 2, 3, 4])]
    measured = planted(changes, {"a": [90], "b": [91]}, curves=rows)
    found = measured.values("a", "m")
    assert found == ({} if expected is None else {(0,): pytest.approx(expected)})


def test_a_metric_may_use_every_column_and_several_readings(planted):
    readings = {"at": {"file": "curves.csv", "value": "epoch", "at": "best"}}
    changes = metric(value="at * n_train / train_batch_size + test_accuracy", readings=readings)
    measured = planted(changes, {"a": [50], "b": [50]}, curves=curve("a", [2, 1]), **{"train.batch_size": 100})
    assert measured.values("a", "m") == {(0,): pytest.approx(20.5)}
    assert measured.values("b", "m") == {}


def test_cells_of_one_trial_take_their_own_rows_of_what_was_done_after_training(planted):
    changes = metric(readings={"x": {"file": "evaluations.csv", "value": "accuracy"}})
    # A way of inference is no setting of a trial: both arms are the same one. Any setting stands in for it here.
    changes["arms"] = {"a": "train.grad_clip_norm=0", "b": "train.grad_clip_norm=10"}
    measured = planted(changes, {"a": [90], "b": [90]})
    for path, head in ((measured.folder / "trials.csv", "train.grad_clip_norm"),):
        path.write_text(path.read_text().replace(head, "hidden"))
    header = ["trial_id", "train.grad_clip_norm", "accuracy"]
    rows = [
        {"trial_id": i, "train.grad_clip_norm": c, "accuracy": v}
        for i in ("a-0", "b-0")
        for c, v in ((0, 0.25), (10, 0.75))
    ]
    append_rows(measured.folder / "evaluations.csv", header, rows)
    assert measured.values("a", "m") == {(0,): 0.25}
    assert measured.values("b", "m") == {(0,): 0.75}


def test_cells_that_are_told_apart_by_a_list_take_their_own_rows(planted):
    changes = metric(readings={"x": {"file": "ood.csv", "value": "auroc", "where": "score == 'entropy'"}})
    changes["arms"] = {"a": "infer.ood=[noise]", "b": "infer.ood=[noise,permuted]"}
    measured = planted(changes, {"a": [90], "b": [90]})
    found = [("noise", "entropy", 0.25), ("noise/permuted", "entropy", 0.75), ("noise/permuted", "variance", 0.5)]
    rows = [{"trial_id": i, "infer.ood": o, "score": s, "auroc": v} for i in ("a-0", "b-0") for o, s, v in found]
    append_rows(measured.folder / "ood.csv", list(rows[0]), rows)
    assert (measured.values("a", "m"), measured.values("b", "m")) == ({(0,): 0.25}, {(0,): 0.75})


def test_other_columns_can_tell_replicates_apart(planted):
    changes = {"replicates": ["data.split"], "base": "data=uci data.split=range(0,3)"}
    measured = planted(changes, {"a": [1, 2, 3], "b": [2, 3, 4]})
    text = (measured.folder / "trials.csv").read_text().splitlines()
    place = text[0].split(",").index("data.split")
    for i, line in enumerate(text[1:], 1):
        cells = line.split(",")
        cells[place] = str((i - 1) % 3)
        text[i] = ",".join(cells)
    (measured.folder / "trials.csv").write_text("\n".join(text) + "\n")
    assert list(measured.by_label) == ["a", "b"]
    assert measured.values("b", "accuracy") == {(0,): 2.0, (1,): 3.0, (2,): 4.0}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (metric(value="test_acuracy"), "test_acuracy"),
        (metric(value="test_accuracy +"), "test_accuracy +"),
        (metric(readings={"x": {"file": "curves.csv", "value": "epochs"}}), "epochs"),
        (metric(readings={"x": {"file": "curves.csv", "value": "epoch", "where": "loss > 1"}}), "loss"),
        ({"comparable": ["n_train +"]}, "n_train +"),
        ({"comparable": [{"reference": "a", "when": "accuracy > 5"}]}, "accuracy"),
        ({"figure": {"form": "curves", "x": "loss"}}, "loss"),
    ],
)
def test_expressions_are_refused_before_anything_is_trained(changes, named):
    study = parse_study("s", {**BASE, **changes})
    with pytest.raises(ConfigError, match="s: ") as refused:
        check_expressions(study, {"trials.csv": trial_columns(), "curves.csv": CURVE_COLUMNS})
    assert named in str(refused.value)
    assert "\n" not in str(refused.value)
