"""Study files: what they may say, and how they are refused."""

import csv

import pytest

from dropout_lab.errors import ConfigError
from dropout_lab.studies import catalog as shelf
from dropout_lab.studies.cells import check_cells, make_cells
from dropout_lab.studies.claims import list_cells
from dropout_lab.studies.loader import load_study, parse_study
from dropout_lab.studies.published import FILE, SEEN, load_published

from .conftest import BASE

CLAIM = {"says": "x.", "source": "y", "test": {"better": "a", "than": "b"}}


def metric(**changes):
    return {"metrics": {"accuracy": {**BASE["metrics"]["accuracy"], **changes}}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"titel": "x"}, "no key 'titel'; did you mean 'title'?"),
        ({"title": ""}, "requires title"),
        ({"scales": {"laptop": {}}}, "include smoke"),
        ({"scales": {"smoke": {}, "huge": {}}}, "must be from smoke, laptop, full, paper"),
        ({"scales": {"smoke": {"seeds": 2}}}, "no key 'seeds'"),
        ({"scales": {"smoke": {"panels": {"x": ""}}}}, "no panel 'x'"),
        ({"scales": {"smoke": {"only": ["c"]}}}, "no arm 'c'; allowed: a, b"),
        ({"base": "rate"}, "'rate': a setting is written NAME=VALUE"),
        ({"base": "rate=0.1 rate=0.2"}, "rate is given twice"),
        ({"base": "seeds=3"}, "seeds cannot be set here; set it in a scale"),
        ({"base": "out=x"}, "out cannot be set here; set it on the command line"),
        (metric(better="more"), "'more': must be one of higher, lower"),
        (metric(margin=-1), "margin: must be a number above 0"),
        (metric(margin={"x": 1}), "margin: no panel 'x'"),
        (metric(unmeasured={"x": "y"}), "unmeasured: x: no published figure 'y'"),
        (metric(published={"a": "primer/rate/rate-0.4"}), "did you mean 'primer/rate/rate-0"),
        (metric(readings={"x": {"file": "f.csv", "value": "v", "at": "end"}}), "'end': must be one of last"),
        ({"claims": [CLAIM | {"test": {"beter": "a"}}]}, "claims 1: test: no test 'beter'"),
        ({"claims": [CLAIM | {"test": {"better": "a"}}]}, "needs than"),
        ({"claims": [CLAIM | {"test": {"better": "a", "than": "b", "form": 1}}]}, "no key 'form'"),
        ({"claims": [CLAIM | {"metric": "loss"}]}, "no metric 'loss'"),
        ({"claims": [CLAIM | {"category": "papers"}]}, "must be one of paper, text, control"),
        ({"claims": [CLAIM | {"id": "x"}, CLAIM | {"id": "x"}]}, "claims: id 'x' is used by two claims"),
        ({"claims": [CLAIM], **metric(better="")}, "does not define which direction is better"),
        ({"claims": {"x": 1}}, "claims: must be a list"),
        ({"figure": {"form": "pie"}}, "'pie': must be one of line"),
        ({"figure": {"form": "line"}}, "form line requires x"),
        ({"unmeasured": {"x": "y"}}, "no published figure 'y'"),
    ],
)
def test_what_a_study_cannot_say_is_refused_in_one_line(changes, message):
    with pytest.raises(ConfigError) as refused:
        parse_study("s", {**BASE, **changes}, "s.yaml")
    assert message in str(refused.value)
    assert str(refused.value).startswith("s.yaml: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"claims": [CLAIM | {"test": {"better": "c", "than": "a"}}]}, "claims: no cell 'c'"),
        (
            metric(published={"b rate=0.5": "primer/rate/rate-0.5"}),
            "published: no cell 'b rate=0.5'; the cells are",
        ),
        (metric(relative="c"), "relative: no cell 'c'"),
        ({"arms": {"a": "rat=0.5", "b": ""}}, "no setting 'rat'"),
        ({"arms": {"a": "rate=1.5", "b": ""}}, "rate=1.5"),
    ],
)
def test_cells_that_there_are_not_are_refused(changes, message):
    study = parse_study("s", {**BASE, **changes})
    with pytest.raises(ConfigError) as refused:
        check_cells(study, [name for claim in study.claims for name in list_cells(claim)])
    assert message in str(refused.value)


def test_files_that_are_no_studies(tmp_path):
    (tmp_path / "x.yaml").write_text("title: [1")
    with pytest.raises(ConfigError, match="is not YAML"):
        load_study(tmp_path / "x.yaml")
    with pytest.raises(ConfigError, match="No such file"):
        shelf.find_study(str(tmp_path / "y.yaml"))


def test_later_words_win_and_axes_make_cells():
    changes = {
        "base": "rate=0.1 train.lr=0.1 train.epochs=1",
        "panels": {"x": "data=digits train.lr=0.2", "y": "data=wine"},
        "arms": {"a": "variant=none", "b": "variant=inverted rate=0.3,0.5 train.batch_size=8,16"},
        "scales": {
            "smoke": {"set": "train.epochs=2 seeds=2", "panels": {"x": "train.epochs=3"}, "arms": {"a": "train.lr=0.4"}}
        },
    }
    study = parse_study("s", {**BASE, **changes})
    found = make_cells(study, study.scales["smoke"])
    assert [cell.label for cell in found] == [
        "x/a",
        *(f"x/b rate={rate} train.batch_size={size}" for rate in ("0.3", "0.5") for size in (8, 16)),
    ]
    assert found[0].settings == {
        "rate": "0.1",
        "train.lr": "0.4",
        "train.epochs": "3",
        "data": "digits",
        "seeds": "2",
        "variant": "none",
    }
    assert found[1].settings["train.lr"] == "0.2"


def test_what_tells_replicates_apart_makes_no_cells():
    changes = {"base": "data=uci data.split=range(0,3)", "replicates": ["data.split"]}
    study = parse_study("s", {**BASE, **changes})
    found = make_cells(study, study.scales["smoke"])
    assert [cell.label for cell in found] == ["a"] * 3 + ["b"] * 3
    assert [cell.settings["data.split"] for cell in found[:3]] == ["0", "1", "2"]


def test_axes_that_go_together_are_walked_side_by_side():
    words = "rate=0.9,0.5 'model.hidden=[8],[4]'"
    changes = {
        "together": [["rate", "model.hidden"]],
        "arms": {"n": "rate=0.9,0.5", "pn": f"{words} train.lr=0.1,0.2"},
    }
    study = parse_study("s", {**BASE, **changes})
    found = make_cells(study, study.scales["smoke"])
    assert [cell.name for cell in found] == [
        *("n rate=0.9", "n rate=0.5"),
        *(f"pn rate={rate} train.lr={lr}" for rate in ("0.9", "0.5") for lr in ("0.1", "0.2")),
    ]
    assert [cell.settings["model.hidden"] for cell in found[2:]] == ["[8]", "[8]", "[4]", "[4]"]
    uneven = parse_study("s", {**BASE, **changes, "arms": {"a": "rate=0.1,0.2,0.3 'model.hidden=[8],[4]'", "b": ""}})
    with pytest.raises(
        ConfigError, match=r"rate and model.hidden are varied together and must have the same number of values"
    ):
        make_cells(uneven, uneven.scales["smoke"])


def test_ranges_for_tuning_are_no_axes():
    study = parse_study("s", {**BASE, "arms": {"a": "'rate=interval(0.1,0.8)'", "b": ""}})
    assert [cell.label for cell in make_cells(study, study.scales["smoke"])] == ["a", "b"]


def test_published_figures_have_an_id_a_number_and_a_source():
    with FILE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(load_published()) == len(rows) > 750
    for fact in load_published().values():
        assert fact.id.startswith(f"{fact.study}/{fact.table}/")
        assert fact.number == fact.number  # no nan
        assert fact.seen in SEEN
        assert fact.source
        assert bool(fact.spread) == bool(fact.spread_kind)
        assert not fact.n or int(fact.n) > 0


@pytest.mark.parametrize("name", shelf.study_names())
def test_every_study_is_whole(name):
    study = shelf.find_study(name)
    check_cells(study, [cell for claim in study.claims for cell in list_cells(claim)])
    assert {"smoke", "laptop", "paper"} <= set(study.scales)
    assert study.claims
    for text in (study.title, study.question, *(claim.says for claim in study.claims)):
        assert text[0].isupper()
        assert len(text) <= 120
    for claim in study.claims:
        assert claim.says.endswith(".")
