"""Rows of a study's table: held against print, and those that are not run."""

import pytest

from dropout_lab.studies.report_files import long_frame, render_blocks
from dropout_lab.studies.study_footnotes import render_footnotes
from dropout_lab.studies.verdicts import AGREES, DIFFERS, INCOMPARABLE, OPEN, table_rows

from .test_verdicts import AXIS, METRIC, PUBLISHED, along, two


def test_rows_are_held_against_print(planted):
    metric = METRIC | {"margin": 0.5, "published": {"a": PUBLISHED, "b": PUBLISHED}}
    changes = {"metrics": {"accuracy": metric}}
    assert [row.verdict for row in table_rows(planted(changes, two(94.5, 96)))] == [AGREES, DIFFERS]
    assert [row.verdict for row in table_rows(planted(changes, two(95, 96), scale="smoke"))] == [INCOMPARABLE] * 2
    never = changes | {"comparable": "other data"}
    assert [row.verdict for row in table_rows(planted(never, two(94.5, 96)))] == [INCOMPARABLE] * 2


def test_a_row_at_the_margin_is_not_told_apart(planted):
    changes = {"metrics": {"accuracy": METRIC | {"margin": 0.5, "published": {"a": PUBLISHED}}}}
    assert [row.verdict for row in table_rows(planted(changes, two(95, 96)))] == [OPEN, ""]


def test_what_is_not_run_stands_at_the_end_under_its_own_name(planted):
    last = table_rows(planted({"unmeasured": {"somebody's": PUBLISHED}}, two(94.5, 96)))[-1]
    assert (last.label, last.name, last.published.number, last.verdict) == ("", "somebody's", 94.5, "")


def test_margins_and_what_is_not_run_may_differ_between_panels(planted):
    panels = {"panels": {"x": "data=digits", "y": "data=wine"}}
    metric = METRIC | {
        "margin": {"x": 0.5, "y": 3},
        "published": {"x": {"a": PUBLISHED}, "y": {"a": PUBLISHED}},
        "unmeasured": {"y": {"hers": PUBLISHED}, "x": {"his": PUBLISHED}},
    }
    other = {"value": "train_accuracy", "title": "z", "unmeasured": {"x": {"his": "primer/rate/rate-0"}}}
    a, b = two(96, 96).values()
    measured = planted(
        panels | {"metrics": {"accuracy": metric, "other": other}},
        {"x/a": a, "x/b": b, "y/a": a, "y/b": b},
        train_accuracy=1,
    )
    found = table_rows(measured)
    lines = [(row.panel, row.label or row.name) for row in found if row.metric == "accuracy"]
    assert lines == [("x", "x/a"), ("x", "x/b"), ("x", "his"), ("y", "y/a"), ("y", "y/b"), ("y", "hers")]
    assert [row.verdict for row in found if row.label in ("x/a", "y/a") and row.metric == "accuracy"] == [
        DIFFERS,
        AGREES,
    ]
    assert [(row.metric, row.published.number) for row in found if row.name == "his"] == [
        ("accuracy", 94.5),
        ("other", 92.3),
    ]
    frame = long_frame(measured, found)
    assert frame[frame["arm"] == "his"]["data"].tolist() == ["x", "x"]
    text = render_blocks(measured, found, 80)
    assert [sum(line.startswith(name) for line in text) for name in ("his", "hers")] == [2, 1]
    assert "0.5 on x, 3 on y" in " ".join(render_footnotes(measured, found))


def test_what_is_of_no_panel_stands_below_the_last(planted):
    panels = {"panels": {"x": "data=digits", "y": "data=wine"}, "unmeasured": {"somebody's": PUBLISHED}}
    a, b = two(96, 96).values()
    last = table_rows(planted(panels, {"x/a": a, "x/b": b, "y/a": a, "y/b": b}))[-1]
    assert (last.panel, last.name) == ("", "somebody's")


def test_ratios_are_relative_in_print_as_measured(planted):
    facts = {
        "d rate=0": "primer/time/rate-0",
        "d rate=0.3": "primer/time/rate-0.3",
        "d rate=0.6": "primer/time/rate-0.7",
    }
    metric = METRIC | {"relative": "d rate=0", "published": facts}
    measured = planted(AXIS | {"metrics": {"accuracy": metric}}, along(40, 50, 60))
    numbers = [row.published.number for row in table_rows(measured)]
    assert numbers == pytest.approx([1, 63 / 55, 97 / 55])
    values = [measured.interval(label, "accuracy").mean for label in measured.by_label]
    assert values == pytest.approx([1, 1.25, 1.5], abs=0.01)
    assert set(measured.values("d rate=0", "accuracy").values()) == {1.0}
