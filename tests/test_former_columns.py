"""Files of older versions with the former names of columns and values are read, and updated when they are continued."""

import csv

import pandas as pd
import pytest

from dropout_lab.config import list_settings, update_columns
from dropout_lab.report.evaluations import read_evaluations
from dropout_lab.report.read_csv import parse_csv, read_trials
from dropout_lab.settings.former_names import FORMER_COLUMNS, FORMER_KEYS, FORMER_VALUES, former_expression, former_word
from dropout_lab.studies.expressions import evaluate_expression, rename_columns

TINY = ["model.hidden=[8]", "train.epochs=1", "seeds=3", "rate=0.5", "out=out"]
MEASURE = ["infer=monte_carlo,ensemble", "infer.passes=3", "infer.ood=[noise]"]


def make_older(path):
    """Rewrite a file of a sweep folder as a version with the former names would have written it."""
    former_columns = {current: former for former, current in FORMER_COLUMNS.items()}
    former_kinds = {current: former for former, current in FORMER_VALUES["kind"].items()}
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    place = header.index("kind") if "kind" in header else None
    for row in rows:
        if place is not None:
            row[place] = former_kinds[row[place]]
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([[former_columns.get(n, n) for n in header], *rows])
    return {name for name in header if name in former_columns}


@pytest.mark.parametrize("former", FORMER_COLUMNS)
def test_a_former_column_is_read_under_its_current_name(former, tmp_path):
    path, current = tmp_path / "any.csv", FORMER_COLUMNS[former]
    path.write_text(f"trial_id,seed,{former}\na,3,0.5\nb,4,\n")
    header, rows = update_columns(["trial_id", "seed", former], [{"trial_id": "a", "seed": "3", former: "0.5"}])
    assert header == ["trial_id", "seed", current]
    assert rows == [{"trial_id": "a", "seed": "3", current: "0.5"}]
    frame = parse_csv(path)
    assert list(frame) == ["trial_id", "seed", current]
    assert frame[current].tolist()[0] == 0.5
    named = rename_columns(frame)
    for name in (former, current):
        expression = f"{name.replace('.', '_')} < 0.7"
        assert evaluate_expression(named, expression, "here").tolist() == [True, False]


def test_rows_of_two_versions_are_joined(tmp_path):
    path = tmp_path / "any.csv"
    path.write_text("trial_id,train.clip,train.grad_clip_norm\na,0.5,\nb,,0.25\n")
    assert parse_csv(path)["train.grad_clip_norm"].tolist() == [0.5, 0.25]
    rows = [{"train.clip": "0.5", "train.grad_clip_norm": ""}, {"train.clip": "", "train.grad_clip_norm": "0.25"}]
    assert update_columns(["train.clip", "train.grad_clip_norm"], rows) == (
        ["train.grad_clip_norm"],
        [{"train.grad_clip_norm": "0.5"}, {"train.grad_clip_norm": "0.25"}],
    )


def test_a_sweep_continues_an_older_folder(typed, folder):
    assert typed("sweep", *TINY)[0] == 0
    whole = (folder / "out/trials.csv").read_text()
    assert make_older(folder / "out/trials.csv") >= {"activation_sparsity", "train.grad_clip_norm", "evaluate_test"}
    assert "activation_sparsity" in read_trials("out")
    shown = typed("table", "out=out")
    assert shown[0] == 0
    status, out, _ = typed("sweep", *TINY)
    assert (status, "all 3 trials already completed" in out) == (0, True)
    assert (folder / "out/trials.csv").read_text() == whole


def test_older_evaluations_are_not_repeated(typed, folder):
    assert typed("sweep", *TINY, "save_weights=true")[0] == 0
    assert typed("evaluate", "out=out", *MEASURE)[0] == 0
    names = ["evaluations.csv", "ensembles.csv", "ood.csv"]
    before = {name: pd.read_csv(folder / "out" / name, dtype=str, keep_default_na=False) for name in names}
    read = {name: read_evaluations(folder / "out", name) for name in names}
    assert {"single", "mc_dropout", "deep_ensemble"} == set(before["ensembles.csv"]["kind"])
    for name in names:
        assert "infer.tau" in make_older(folder / "out" / name)
        pd.testing.assert_frame_equal(read_evaluations(folder / "out", name), read[name])
    assert typed("evaluate", "out=out", *MEASURE)[0] == 0
    for name in names:
        after = pd.read_csv(folder / "out" / name, dtype=str, keep_default_na=False)
        pd.testing.assert_frame_equal(after, before[name])


@pytest.mark.parametrize("former", FORMER_KEYS)
def test_claims_are_hashed_under_the_former_names(former):
    current = FORMER_KEYS[former]
    assert former_word(f"{current}=1,2") == f"{former}=1,2"
    assert former_word(f"{former}=1") == f"{former}=1"
    column = next(entry.column for entry in list_settings() if entry.key == current)
    if former in FORMER_COLUMNS:
        names = [name.replace(".", "_") for name in (column, former)]
        assert former_expression(f"{names[0]} > 1 and n_train > 2") == f"{names[1]} > 1 and n_train > 2"
