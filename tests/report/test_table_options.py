"""Options of ``dropout-lab table``, and hostile names in each of its formats."""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pandas as pd
import pytest

from dropout_lab.errors import ConfigError
from dropout_lab.presentation.table import FORMATS, render_table_of
from dropout_lab.report.formats import escape_latex, escape_markdown, format_latex
from dropout_lab.report.read_csv import read_trials
from dropout_lab.report.summary import Summary
from dropout_lab.sweeps.ledger import Ledger

HOSTILE = [
    "a_b%c&d#{e}",
    "<script>alert(1)</script>",
    "$x^2$ ~~no~~ `code`",
    "[64,64]",
    "*starred*",
    "_hidden_",
    "\\frac{1}{2} ?` !` --",
    "a|b",
    "averyvery" * 12,
    "\u4e2d\u6587 \u03b1 \u00e9 \U0001f600 \u2212",
    "[x](http://example.com)",
]


def summary_of(settings, seeds=4):
    """Arms at these points; the score of arm i and seed s is 0.9 - i / 100 + s / 1000."""
    labels = [" ".join(f"{key}={value}" for key, value in cells.items()) for cells in settings]
    rows = [
        {"trial_id": f"{i:06x}{seed:06x}", "status": "ok", "seed": seed, "test_accuracy": 0.9 - i / 100 + seed / 1000}
        | {"train_seconds": 3.0 - i / 4 + seed / 10}
        for i in range(len(settings))
        for seed in range(seeds)
    ]
    Ledger("out").append(rows, [])
    arms = {label: [f"{i:06x}{seed:06x}" for seed in range(seeds)] for i, label in enumerate(labels)}
    return Summary(read_trials("out"), arms, dict(zip(labels, settings, strict=True)))


def grid(*names):
    return [{"variant": name, "rate": rate} for name in names for rate in ("0.2", "0.5")]


def cells_of(text):
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line.startswith("| ")
    ]


def test_a_setting_can_be_the_columns(folder):
    summary = summary_of(grid("inverted", "gaussian"))
    text = render_table_of(summary, {"format": "md", "cols": "rate", "spread": "none", "notes": "none"})
    assert text.splitlines()[0] == "test accuracy, %, by rate"
    assert cells_of(text) == [
        ["variant", "0.2", "0.5"],
        ["---", "---:", "---:"],
        ["inverted", "90.15", "89.15"],
        ["gaussian", "88.15", "87.15"],
    ]


def test_arms_without_dropout_are_in_the_row_of_each_variant(folder):
    points = [{"variant": "none", "rate": "0"}, *grid("inverted", "gaussian")]
    text = render_table_of(summary_of(points), {"format": "md", "cols": "rate", "spread": "none", "notes": "none"})
    assert cells_of(text)[2:] == [["inverted", "90.15", "89.15", "88.15"], ["gaussian", "90.15", "87.15", "86.15"]]


def test_metrics_decimals_sort_and_bold(folder):
    summary = summary_of(grid("inverted", "gaussian"))
    words = {"format": "md", "metric": "test_accuracy,train_seconds", "decimals": "1", "sort": "train_seconds"}
    text = render_table_of(summary, {**words, "bold": "best", "spread": "sd"})
    rows = cells_of(text)[2:]
    assert [row[:2] for row in rows] == [
        ["gaussian", "0.5"],
        ["gaussian", "0.2"],
        ["inverted", "0.5"],
        ["inverted", "0.2"],
    ]
    assert [row[3] for row in rows] == ["**2.4** ± 0.1", "2.6 ± 0.1", "2.9 ± 0.1", "3.2 ± 0.1"]
    assert [row[2].startswith("**") for row in rows] == [False, False, False, True]
    assert "Mean ± standard deviation over 4 seeds. Bold: the best mean." in text
    again = render_table_of(summary, {**words, "sort": "-train_seconds"})
    assert [row[:2] for row in cells_of(again)[2:]] == [row[:2] for row in rows][::-1]


def test_csv_has_unrounded_figures_of_the_chosen_metrics(folder):
    summary = summary_of(grid("inverted"))
    text = render_table_of(summary, {"format": "csv", "metric": "train_seconds", "rows": "variant,rate"})
    (folder / "t.csv").write_text(text)
    frame = pd.read_csv("t.csv")
    assert frame["metric"].tolist() == ["train_seconds"] * 2
    assert frame[["variant", "rate"]].values.tolist() == [["inverted", 0.2], ["inverted", 0.5]]
    assert frame["mean"].tolist() == pytest.approx([3.15, 2.9])


def test_notes(folder):
    summary = summary_of(grid("inverted"))
    lengths = [len(render_table_of(summary, {"notes": notes})) for notes in ("none", "short", "full")]
    assert lengths == sorted(set(lengths))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "f1"}, "metric=f1: is not in this folder"),
        ({"rows": "l2"}, "rows=l2: is not in this folder"),
        ({"rows": "rate", "cols": "rate"}, "rate is in both"),
        ({"rows": "variant", "metric": "test_accuracy"}, "several arms share a cell; rate must be in rows= or cols="),
        ({"cols": "rate", "rows": "rate"}, "rate is in both"),
        ({"decimals": "-1"}, "decimals='-1': must be a number from 0 to 9"),
        ({"sort": "size"}, "sort=size: is not in this folder"),
        ({"bold": "yes"}, "bold=yes: must be one of none, best, similar"),
        ({"notes": "all"}, "notes=all: must be one of short, full, none"),
        ({"format": "latex", "label": "a}b"}, "label=a}b: must consist of letters, digits"),
        ({"spread": "se"}, "spread=se: must be one of interval, sd, none"),
    ],
)
def test_wrong_options_are_refused_in_one_line(folder, options, message):
    with pytest.raises(ConfigError) as refused:
        render_table_of(summary_of(grid("inverted", "gaussian")), options)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


class Text(HTMLParser):
    """The text of each cell of a fragment of HTML, and the names of its elements."""

    def __init__(self):
        super().__init__()
        self.cells, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.cells += [""] if tag in ("td", "th") else []

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data


def test_hostile_names_in_html(folder):
    text = render_table_of(summary_of(grid(*HOSTILE)), {"format": "html", "caption": "<b>&", "bold": "best"})
    parser = Text()
    parser.feed(text)
    assert {" ".join(name.split()) for name in HOSTILE} <= set(parser.cells)
    assert set(parser.tags) <= {"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "b"}


def test_hostile_names_in_markdown(folder):
    text = render_table_of(summary_of(grid(*HOSTILE)), {"format": "md", "notes": "none"})
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(lines) == 2 + 2 * len(HOSTILE)
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {len(lines[0].split(" | ")) + 1}
    assert "<script" not in text
    assert "&lt;script>" in text
    assert r"\$x^2\$" in text
    assert r"\`code\`" in text
    assert r"\_hidden\_" in text
    assert r"[x\](http" in text
    assert escape_markdown("92.01 [89.49, 93.97] *") == "92.01 [89.49, 93.97] *"  # kept files stay as they are
    assert escape_markdown("max_norm <0.001 a & b") == "max_norm <0.001 a & b"
    assert escape_markdown("two\nlines") == "two lines"


def test_a_row_of_latex_that_begins_with_a_bracket_is_no_argument():
    text = format_latex(["model.hidden", "n"], [["[64,64]", "1"], ["*", "2"]])
    assert "{[}64,64] & 1" in text
    assert "{*} & 2" in text


def test_characters_without_glyphs_have_their_codes_in_latex():
    assert escape_latex("\u4e2d\u6587 \u00e9") == "\\unicodetext{U+4E2D U+6587}{\u4e2d\u6587} \u00e9"
    assert format_latex(["a"], [["\u4e2d"]]).startswith(r"\providecommand{\unicodetext}")
    assert format_latex(["a"], [["\u00e9"]]).startswith(r"\begin{tabular}")


def compile_latex(folder, body, options=""):
    """Compile a paper with this body; return the log."""
    text = rf"\documentclass[{options}]{{article}}\usepackage{{booktabs,array}}\begin{{document}}\raggedbottom x" "\n"
    (folder / "paper.tex").write_text(f"{text}{body}\n\\end{{document}}\n", encoding="utf-8")
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(words, cwd=folder, capture_output=True, timeout=100)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-1500:]
    return (folder / "paper.log").read_text(encoding="utf-8", errors="replace")


PAPERS = pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex is not installed")


@PAPERS
@pytest.mark.parametrize("columns", ["onecolumn", "twocolumn"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"cols": "rate"},
        {"cols": "rate", "spread": "sd", "metric": "test_accuracy,train_seconds", "bold": "best"},
        {"cols": "variant", "spread": "none", "bold": "similar"},
        {"metric": "test_accuracy", "notes": "full"},
    ],
)
def test_latex_compiles_and_fits_in_one_and_two_columns(folder, columns, options):
    summary = summary_of(grid("inverted", "gaussian", "alpha"))
    words = {"format": "latex", "caption": "Accuracy of 100 % of arms_1", "label": "tab:arms_1"}
    log = compile_latex(folder, render_table_of(summary, {**words, **options}), columns)
    assert "Overfull" not in log
    assert "Font shape" not in log


@PAPERS
def test_hostile_names_compile(folder):
    points = [{"variant": name, "rate": "0.5"} for name in HOSTILE]
    words = {
        "format": "latex",
        "caption": " ".join(HOSTILE),
        "label": "t",
        "metric": "test_accuracy",
        "rows": "variant,rate",
    }
    for columns in ("onecolumn", "twocolumn"):
        log = compile_latex(folder, render_table_of(summary_of(points), words), columns)
        assert not re.search(r"Overfull \\hbox .* in alignment", log)


def test_every_format_shows_the_figures(typed, folder):
    assert typed("sweep", "model.hidden=[8]", "train.epochs=1", "rate=0,0.5", "seeds=3", "out=out")[0] == 0
    mean = pd.read_csv("out/trials.csv").groupby("rate")["test_accuracy"].mean()[0.5]
    for form in FORMATS:
        status, out, err = typed("table", "out=out", f"format={form}", "bold=best")
        assert (status, err) == (0, "")
        assert (f"{mean:.6f}" if form == "csv" else f"{100 * mean:.2f}") in out
    assert "\\toprule" in typed("table", "out=out", "format=latex")[1]
    assert "\\begin{table}" not in typed("table", "out=out", "format=latex")[1]
