"""Figures of a sweep: what they draw, that names stay as they are, and that text stays text."""

import re
import warnings
import xml.etree.ElementTree as ET

import pandas as pd
import pytest

from dropout_lab.errors import ConfigError
from dropout_lab.presentation.plot import write_plot
from dropout_lab.presentation.plot_spec import choose_figure
from dropout_lab.report.figures.data import PlotData
from dropout_lab.report.figures.draw import draw_figure
from dropout_lab.report.figures.scatter import pareto_front
from dropout_lab.report.figures.style import SIZES, figure_style, render_figure, series_style
from dropout_lab.report.read_csv import read_trials
from dropout_lab.report.summary import Summary
from dropout_lab.sweeps.ledger import Ledger

HOSTILE = [
    "a_b%c&d#{e}",
    "<script>alert(1)</script>",
    "$x^2$",
    "_hidden",
    "\\frac{1}{2}",
    "w" * 120,
    "\u4e2d\u6587 \u03b1\u00e9",
]


def data_of(settings, seeds=4, curves=True):
    """Arms at these points; the score of arm i and seed s is 0.9 - i / 100 + s / 1000."""
    labels = [" ".join(f"{key}={value}" for key, value in cells.items()) for cells in settings]
    rows, epochs = [], []
    for i in range(len(settings)):
        for seed in range(seeds):
            trial = f"{i:06x}{seed:06x}"
            score = 0.9 - i / 100 + seed / 1000
            rows.append({"trial_id": trial, "status": "ok", "seed": seed, "test_accuracy": score, "gap": i / 50})
            rows[-1] |= {"train_seconds": 1.0 + i + seed / 10}
            epochs += [
                {"trial_id": trial, "epoch": e, "val_accuracy": score * e / 3, "val_loss": 1 / e} for e in (1, 2, 3)
            ]
    Ledger("out").append(rows, epochs)
    arms = {label: [f"{i:06x}{seed:06x}" for seed in range(seeds)] for i, label in enumerate(labels)}
    summary = Summary(read_trials("out"), arms, dict(zip(labels, settings, strict=True)))
    return PlotData(summary, pd.DataFrame(epochs) if curves else pd.DataFrame(), "digits, mlp")


def rates(*names):
    return [{"variant": name, "rate": rate} for name in names for rate in ("0.2", "0.5")]


def draw(data, **options):
    spec = choose_figure(data, options)
    return draw_figure(data, spec), spec


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_lines_are_the_means_of_each_series(folder):
    data = data_of(rates("inverted", "gaussian"))
    figure, spec = draw(data)
    assert (spec.kind, spec.x, spec.y, list(spec.hue)) == ("line", "rate", "test_accuracy", ["variant"])
    assert legend_of(figure) == ["inverted", "gaussian"]
    assert figure.legends[0].get_title().get_text() == "variant"
    (panel,) = figure.axes
    drawn = [container.lines[0].get_ydata() for container in panel.containers]
    for name, ys in zip(("inverted", "gaussian"), drawn, strict=True):
        expected = [
            100 * data.summary.interval(f"variant={name} rate={rate}", "test_accuracy").mean for rate in (0.2, 0.5)
        ]
        assert list(ys) == pytest.approx(expected)


def test_series_at_one_place_do_not_hide_each_other(folder):
    figure, _ = draw(data_of(rates("inverted", "gaussian")))
    xs = [container.lines[0].get_xdata()[0] for container in figure.axes[0].containers]
    assert len(set(xs)) == 2
    assert xs == pytest.approx([0.2, 0.2], abs=0.01)


def test_arms_without_dropout_are_the_start_of_every_line(folder):
    cells = [
        {"variant": "none", "rate": "0"},
        {"variant": "inverted", "rate": "0.5"},
        {"variant": "gaussian", "rate": "0.5"},
    ]
    figure, _ = draw(data_of(cells))
    assert legend_of(figure) == ["inverted", "gaussian"]
    assert {tuple(round(x, 1) for x in c.lines[0].get_xdata()) for c in figure.axes[0].containers} == {(0.0, 0.5)}


def test_no_setting_is_averaged_over_silently(folder):
    cells = [{"variant": v, "rate": r, "l2": s} for v in ("a", "b") for r in ("0.1", "0.5") for s in ("0", "1")]
    figure, spec = draw(data_of(cells), hue="variant", col="none")
    assert list(spec.hue) == ["variant", "l2"]
    assert legend_of(figure) == ["a, 0", "a, 1", "b, 0", "b, 1"]


def test_kinds_of_a_grid_of_two_settings(folder):
    data = data_of(rates("inverted", "gaussian", "alpha"))
    for kind, panels in (("line", 1), ("dots", 1), ("curves", 1), ("heat", 2), ("scatter", 1), ("forest", 1)):
        figure, spec = draw(data, kind=kind)
        assert len(figure.axes) == panels, kind  # a heat map has a colour bar
        assert spec.kind == kind
        render_figure(figure, spec.size, "pdf")
    assert choose_figure(data, {"x": "epoch"}).kind == "curves"
    assert choose_figure(data, {"x": "train_seconds"}).kind == "scatter"
    assert choose_figure(data, {"x": "variant"}).kind == "dots"


def test_a_heat_map_shows_the_mean_of_each_cell(folder):
    data = data_of(rates("inverted", "gaussian"))
    figure, _ = draw(data, kind="heat", x="rate", y="variant")
    assert [text.get_text() for text in figure.axes[0].texts] == ["90.15", "89.15", "88.15", "87.15"]
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["inverted", "gaussian"]


def test_a_forest_shows_the_paired_differences(folder):
    data = data_of(rates("inverted"))
    figure, _ = draw(data, kind="forest")
    (panel,) = figure.axes
    found = data.summary.comparison.to_baseline["variant=inverted rate=0.5"].difference
    assert [line.get_xdata()[0] for line in panel.lines if len(line.get_xdata()) == 1] == pytest.approx(
        [100 * found.mean]
    )


def test_curves_are_those_of_the_trials(folder):
    figure, _ = draw(data_of(rates("inverted")), kind="curves", y="val_loss")
    bold = [line for line in figure.axes[0].lines if line.get_alpha() is None and len(line.get_xdata()) == 3]
    assert [list(line.get_ydata()) for line in bold] == [pytest.approx([1, 1 / 2, 1 / 3])] * 2


def test_the_pareto_front_holds_what_nothing_beats():
    points = [(1, 0.8), (2, 0.9), (3, 0.85), (4, 0.95), (1, 0.7)]
    assert pareto_front(points, (False, True)) == [(1, 0.8), (2, 0.9), (4, 0.95)]
    assert pareto_front(points, (True, True)) == [(4, 0.95)]


@pytest.mark.parametrize("kind", ["line", "dots", "curves", "heat", "scatter", "forest"])
@pytest.mark.parametrize("size", list(SIZES))
def test_hostile_names_are_drawn_as_they_are(folder, kind, size):
    data = data_of(rates(*HOSTILE))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure, spec = draw(
            data, kind=kind, size=size, title="a_$b$ <i> % \u4e2d", **({"hue": "variant"} if kind == "scatter" else {})
        )
        content = render_figure(figure, spec.size, "svg", "<b>&").decode()
        assert len(render_figure(figure, spec.size, "pdf", "<b>&")) > 1000
    root = ET.fromstring(content)
    texts = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    shown = "\n".join(texts)
    for name in HOSTILE:
        if len(name) < 20 and kind != "forest":
            assert name in shown, name
    assert "<scr" in shown
    assert not [each for each in root.iter() if each.tag.endswith("}script")]


@pytest.mark.parametrize("size", list(SIZES))
def test_fonts_are_text_and_the_width_fits(folder, size):
    data = data_of(rates("inverted", "gaussian"))
    paths, _ = write_plot("out", {"size": size, "format": "svg,pdf", "title": "none"}, data)
    svg, pdf = (path.read_bytes() for path in paths)
    width = float(re.search(rb'width="([\d.]+)pt"', svg)[1])
    assert width == pytest.approx(72 * SIZES[size].width)
    assert b"dropout rate</text>" in svg
    assert b"/Type3" not in pdf
    assert b"/FontFile2" in pdf or b"/CIDFontType2" in pdf
    assert paths[0].name == "plot_line_test_accuracy.svg"
    assert b"mean and 95%" not in svg.split(b"</metadata>")[1]  # title=none leaves out the note as well


def test_the_same_figure_has_the_same_bytes(folder):
    data = data_of(rates("inverted", "gaussian"))
    for form in ("svg", "pdf", "png"):
        drawn = [draw(data) for _ in range(2)]
        first, second = (render_figure(figure, spec.size, form, "t") for figure, spec in drawn)
        assert first == second, form


def test_series_differ_in_grey():
    looks = [series_style(i) for i in range(28)]
    grey = {(look["marker"], str(look["linestyle"]), look["markerfacecolor"] == look["color"]) for look in looks}
    assert len(grey) == 28


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "pie"}, "kind=pie: must be one of line"),
        ({"x": "width"}, "x=width: does not vary in this folder"),
        ({"y": "test_rmse"}, "y=test_rmse: was not measured here"),
        ({"hue": "seed"}, "hue=seed: does not vary in this folder"),
        ({"kind": "line", "x": "variant"}, "x=variant: kind=line requires at least two numeric values"),
        ({"kind": "forest", "x": "rate"}, "x=rate: kind=forest has fixed axes"),
        ({"kind": "reliability"}, "dropout-lab evaluate infer=weight_scaling"),
        ({"size": "poster"}, "size=poster: must be one of column"),
        ({"range": "90"}, "range='90': must be LOW:HIGH"),
        ({"range": "9:1"}, "must be LOW:HIGH"),
        ({"kind": "curves", "x": "rate"}, "x=rate: kind=curves requires x=epoch"),
        ({"kind": "curves", "y": "test_accuracy"}, "y=test_accuracy: was not measured here"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(folder, options, message):
    with pytest.raises(ConfigError, match=re.escape(message)) as refused:
        choose_figure(data_of(rates("inverted", "gaussian")), options)
    assert "\n" not in str(refused.value)


def test_a_sweep_without_axes_or_curves_has_a_figure(folder):
    data = data_of([{}], curves=False)
    figure, spec = draw(data)
    assert (spec.kind, spec.x) == ("dots", "arm")
    with figure_style(spec.size):
        render_figure(figure, spec.size, "png")
    with pytest.raises(ConfigError, match=r"no curves\.csv"):
        choose_figure(data, {"kind": "curves"})
    with pytest.raises(ConfigError, match="requires at least two arms"):
        choose_figure(data, {"kind": "forest"})


def test_the_command_writes_files_and_says_what_they_show(typed, folder):
    words = ["model.hidden=[8]", "train.epochs=2", "out=out"]
    assert typed("sweep", *words, "rate=0,0.5", "seeds=3")[0] == 0
    status, out, err = typed("plot", "out=out", "format=svg,png", "size=column")
    assert (status, err) == (0, "")
    assert out.splitlines()[:2] == ["out/plot_line_test_accuracy.svg", "out/plot_line_test_accuracy.png"]
    assert "digits, mlp: test accuracy, % against dropout rate" in out
    assert typed("plot", "out=out", "kind=curves", "file=deep/a.b.png")[1].splitlines()[0] == "deep/a.b.png"
    assert (folder / "deep/a.b.png").read_bytes()[:4] == b"\x89PNG"
    for words, message in (
        (["out=nowhere"], "out=nowhere: holds no sweep"),
        (["z=1"], "plot z=1: unknown option; plot takes out=DIR"),
        (["out=out", "file=a.png", "format=pdf"], "the suffix and the format differ"),
        (["out=out", "x=rate", "x=rate"], "x is given twice"),
    ):
        status, _, err = typed("plot", *words)
        assert status == 2
        assert message in err
        assert err.count("\n") == 1
