"""``dropout-lab reproduce`` as it is typed: the list, every study at its smallest scale, and what it leaves."""

import re
import shutil
import subprocess

import pandas as pd
import pytest
import yaml

from dropout_lab import reproduce as reproduction
from dropout_lab.studies import catalog as shelf
from dropout_lab.studies.cells import make_cells
from dropout_lab.studies.study import SCALES
from dropout_lab.sweeps.outcome import Interrupted

from .conftest import BASE

FILES = (
    "trials.csv curves.csv table.csv table.md table.tex claims.csv claims.md README.md figure.png figure.svg".split()
)


@pytest.fixture
def own(folder):
    """A study of the user's own, on digits and of a second."""

    def write(**changes):
        small = {"smoke": {"set": "seeds=2 train.epochs=1 model.hidden=[4] data.train_size=50"}}
        claims = [{"says": "It is so.", "source": "me", "test": {"better": "b", "than": "a"}}]
        text = {**BASE, "scales": small, "claims": claims, **changes}
        (folder / "mine.yaml").write_text(yaml.safe_dump(text, sort_keys=False))
        return "mine.yaml"

    return write


def test_a_study_may_use_a_metric_that_its_settings_request(own, typed):
    metrics = {"f1": {"value": "100 * test_f1", "title": "F1, %", "better": "higher"}}
    status, out, err = typed("reproduce", own(base="data=digits metrics=[f1]", metrics=metrics), "scale=smoke")
    assert (status, err) == (0, "")
    assert "F1, %" in out
    status, _, err = typed("reproduce", own(metrics=metrics), "scale=smoke")
    assert status == 2
    assert "'test_f1' is neither a column" in err


def test_the_list_has_every_study_with_its_cost_at_each_scale(typed):
    status, out, err = typed("reproduce")
    assert (status, err) == (0, "")
    for name in shelf.study_names():
        assert re.search(rf"^{name} +\d+, \S+ \S+ +\d+, ", out, re.MULTILINE), name
    assert max(map(len, out.splitlines())) <= 80


def test_the_list_does_without_torch():
    code = "import sys; from dropout_lab.cli.reproduce import render_studies; render_studies()\n"
    code += "print('torch' in sys.modules)"
    import sys

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"


@pytest.mark.parametrize("name", shelf.study_names())
def test_stored_costs_are_of_the_studies_as_they_are(name):
    """Trials without tuning are cells times seeds, less what is the same trial in several cells."""
    study = shelf.find_study(name)
    assert {(name, "smoke"), (name, "laptop")} <= shelf.load_costs().keys()
    for scale in (scale for scale in study.scales.values() if (name, scale.name) in shelf.load_costs()):
        found = make_cells(study, scale)
        most = sum(int(cell.settings.get("seeds", "5")) for cell in found)
        cost = shelf.load_costs()[name, scale.name]
        tuned = any(cell.settings.get("tune") == "true" for cell in found)
        assert cost.trials > most if tuned else most / len(found) <= cost.trials <= most
        assert cost.seconds > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["primer-rat"], "no study 'primer-rat'; did you mean 'primer-rate'"),
        (["primer-rate", "scale=big"], "scale=big: must be one of smoke, laptop, full, paper"),
        (["primer-rate", "rate=0.5"], "rate=0.5: cannot be set for a study"),
        (["primer-rate", "--all"], "reproduce --all: unknown flag; reproduce takes"),
        (["scale=smoke"], "requires the name of a study or `all`"),
        (["none.yaml"], "none.yaml: No such file"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(typed, words, message):
    status, out, err = typed("reproduce", *words)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_help(typed):
    status, out, _ = typed("reproduce", "--help")
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("name", shelf.study_names())
def test_every_study_runs_at_smoke_scale(typed, folder, monkeypatch, name):
    from ..conftest import DATA

    monkeypatch.setenv("DROPOUT_LAB_DATA", str(DATA))
    status, out, err = typed("reproduce", name, "scale=smoke", "out=o")
    if "its data are not on disk" in err:
        pytest.skip("no real data here: set DROPOUT_LAB_DATA to a folder that has them")
    assert (status, err) == (0, "")
    place = folder / "o" / name / "smoke"
    assert all((place / file).stat().st_size for file in FILES)
    # A panel without its data is named with the path of the data, which has any length.
    lines = [line for line in out.splitlines()[:-3] if str(DATA) not in line]
    assert max(map(len, lines)) <= 100
    claims = pd.read_csv(place / "claims.csv")
    assert set(claims["verdict"]) <= {"not comparable at this scale"}
    table = pd.read_csv(place / "table.csv")
    measured = table[table["arm"].notna()]
    assert measured["mean"].notna().any()
    check_latex((place / "table.tex").read_text(), folder)


def check_latex(text, folder):
    """Compiled where a LaTeX is; else braces and special characters are looked at."""
    compiler = next((c for c in ("pdflatex", "tectonic") if shutil.which(c)), None)
    if compiler:
        (folder / "t.tex").write_text(f"\\documentclass{{article}}\\begin{{document}}{text}\\end{{document}}")
        more = ["-interaction=nonstopmode", "-halt-on-error"] if compiler == "pdflatex" else []
        assert subprocess.run([compiler, *more, "t.tex"], cwd=folder, capture_output=True).returncode == 0
    bare = re.sub(r"\\\\|\\.", "", text)
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"[%#_^~]", bare)
    body = text.partition("\\hline")[2].partition("\\end{tabular}")[0]
    columns = len(re.search(r"tabular\}\{(\w+)\}", text)[1])
    for line in body.strip().splitlines():
        if line != r"\hline":
            assert line.count(" & ") == columns - 1


def test_the_same_again_trains_nothing_and_writes_the_same(typed, folder, own):
    first = typed("reproduce", own(), "scale=smoke", "out=o")
    place = folder / "o/mine/smoke"
    kept = {name: (place / name).read_bytes() for name in FILES}
    again = typed("reproduce", "mine.yaml", "scale=smoke", "out=o")
    assert first[0] == again[0] == 0
    assert "all 4 trials already completed" in again[1]
    assert {name: (place / name).read_bytes() for name in FILES} == kept
    assert (folder / "o/claims.csv").read_text().count("\n") == 2


def test_it_goes_on_where_it_stopped(typed, folder, own, monkeypatch):
    def stopped(arms, say, command, evaluate):
        raise Interrupted("interrupted; 1 of 4 trials are saved")

    with monkeypatch.context() as patch:
        patch.setattr(reproduction, "run_or_tune", stopped)
        status, _, err = typed("reproduce", own(), "scale=smoke", "out=o")
    assert (status, err) == (130, "dropout-lab: interrupted; 1 of 4 trials are saved\n")
    assert typed("reproduce", "mine.yaml", "scale=smoke", "out=o")[0] == 0


def test_a_wrong_study_trains_nothing(typed, folder, own):
    value = {"accuracy": {"value": "100 * accuracy", "title": "t", "better": "higher"}}
    status, _, err = typed("reproduce", own(metrics=value), "scale=smoke", "out=o")
    assert status == 2
    assert "'accuracy' is neither a column" in err
    assert not (folder / "o").exists()


def test_panels_without_data_are_left_out_and_said(typed, folder, own):
    nothing = f"data.root={folder / 'nothing'}"
    panels = {"digits": "data=digits", "mnist": "data=mnist"}
    status, out, _ = typed("reproduce", own(panels=panels), "scale=smoke", "out=o", nothing)
    assert status == 0
    assert "mine: skipped mnist: " in out
    assert set(pd.read_csv(folder / "o/mine/smoke/table.csv")["data"]) == {"digits"}
    status, out, err = typed("reproduce", own(base="data=mnist"), "scale=smoke", "out=p", nothing)
    assert status == 2
    assert "mine: skipped" in err


def test_tuned_arms_say_what_was_chosen(typed, folder, own):
    smoke = {"smoke": {"set": "seeds=2 train.epochs=1 model.hidden=[4] data.train_size=50 tune=true budget=2"}}
    arms = {"a": "variant=none", "b": "variant=inverted"}
    status, _, err = typed("reproduce", own(scales=smoke, arms=arms), "scale=smoke", "out=o")
    assert (status, err) == (0, "")
    table = pd.read_csv(folder / "o/mine/smoke/table.csv", keep_default_na=False)
    assert table.set_index("arm").loc["b", "chosen"].startswith("rate=")
    assert "settings selected by the validation score" in (folder / "o/mine/smoke/table.md").read_text()
    assert (folder / "o/mine/smoke/tuning.csv").exists()


def test_steps_are_timed_alone_and_only_once(typed, folder, own):
    metrics = {"ms": {"value": "s", "title": "ms", "readings": {"s": {"file": "steps.csv", "value": "solo_step_ms"}}}}
    claims = [{"says": "It is so.", "source": "me", "test": {"ratio": ["b", "a"], "between": [1, 2]}}]
    words = ("reproduce", own(metrics=metrics, probe=True, claims=claims), "scale=smoke", "out=o")
    assert typed(*words)[::2] == (0, "")
    steps = (folder / "o/mine/smoke/steps.csv").read_text()
    assert steps.count("\n") == 5
    typed(*words)
    assert (folder / "o/mine/smoke/steps.csv").read_text() == steps


def test_a_look_trains_nothing(typed, folder, own):
    status, out, _ = typed("reproduce", own(), "scale=smoke", "out=o", "--dry-run")
    assert status == 0
    assert re.search(r"mine: 4 trials, 4 to train in \d packs, about ", out)
    assert not (folder / "o").exists()


def test_every_claim_of_every_scale_stands_in_one_ledger(typed, folder, own):
    for scale in SCALES[:2]:
        words = {"set": "seeds=2 train.epochs=1 model.hidden=[4] data.train_size=50"}
        typed("reproduce", own(scales={"smoke": words, "laptop": words}), f"scale={scale}", "out=o")
    ledger = pd.read_csv(folder / "o/claims.csv")
    assert ledger["scale"].tolist() == ["smoke", "laptop"]
    assert ledger["verdict"].tolist() == ["not comparable at this scale", "inconclusive"]
    assert "2 claims on data: 0 supported" in (folder / "o/claims.md").read_text()
    assert "## Claims of papers" in (folder / "o/claims.md").read_text()


def test_replicates_of_a_study_may_have_their_own_test_parts(typed, folder, own):
    words = {"set": "seeds=4 train.epochs=1 model.hidden=[4] data.train_size=50 resplit=true"}
    study = own(replicates=["base_seed", "seed"], scales={"smoke": words, "laptop": words})
    assert typed("reproduce", study, "scale=laptop", "out=o")[::2] == (0, "")
    trials = pd.read_csv(folder / "o/mine/laptop/trials.csv")
    assert (trials["base_seed"].fillna(0) == trials["seed"]).all()
    claims = pd.read_csv(folder / "o/mine/laptop/claims.csv")
    assert claims["n"].tolist() == [4]
    table = " ".join((folder / "o/mine/laptop/table.md").read_text().split())
    assert "Variation in the intervals: training seeds, splits and test examples." in table
    assert "variance corrected after Nadeau and Bengio (2003)" in table
