"""``dropout-lab report``: one page without a network that a browser shows without errors at any width."""

import csv
import re
import shutil
import subprocess
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from dropout_lab.presentation.page_record import read_tuning
from dropout_lab.presentation.report_page import render_page, sweep_context, write_report
from dropout_lab.report.figures.data import PlotData
from dropout_lab.report.read_csv import read_trials
from dropout_lab.report.summary import Summary
from dropout_lab.sweeps.ledger import Ledger

TINY = ["model.hidden=[8]", "train.epochs=2", "out=out"]
HOSTILE = [
    "<script>window.hacked = 1</script>",
    "a_b%c&d#{e} \"q\" 'q'",
    "{{ 7 * 7 }}",
    "w" * 200,
    "\u4e2d\u6587",
    "</style>",
]
BROWSERS = [path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))]


class Page(HTMLParser):
    """Ids, links, sources, element names and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.tags, self.texts, self.labels = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[name] for name in ("href", "src", "xlink:href") if found.get(name)]
        self.labels += [found.get("aria-label")] if tag == "svg" else []

    def handle_data(self, data):
        self.texts.append(data)


def check_page(text, folder):
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    assert not re.search(
        r"\b(?:https?:)?//(?!www\.w3\.org)", re.sub(r"<(style|script)>.*?</\1>", "", text, flags=re.DOTALL)
    )
    assert page.tags.count("script") == 1
    assert all(page.labels)
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids, link
        elif not link.startswith("data:"):
            assert (folder / unquote(link)).exists(), link
    return page


def test_a_sweep_has_a_page(typed, folder):
    assert typed("sweep", *TINY, "rate=0,0.5", "input_rate=0,0.2", "seeds=3")[0] == 0
    assert typed("report", "out=out") == (0, "out/report.html\n", "")
    text = (folder / "out/report.html").read_text(encoding="utf-8")
    page = check_page(text, folder / "out")
    shown = " ".join(page.texts)
    assert "No clear winner" in shown or "has the best" in shown
    assert "dropout-lab sweep 'model.hidden=[8]' train.epochs=2 out=out rate=0,0.5 input_rate=0,0.2 seeds=3" in shown
    assert {"result", "table", "pairs", "differences", "curves", "seeds", "gap", "cost", "reproduce"} <= set(page.ids)
    assert "@software{dropout_lab" in shown
    assert len(text) < 1_000_000
    shown = typed("table", "out=out", "format=csv", "metric=test_accuracy")[1]
    means = [float(row["mean"]) for row in csv.DictReader(shown.splitlines())]
    assert all(f"{100 * mean:.2f}" in text for mean in means)


def test_the_page_says_where_a_tuned_setting_is_at_the_edge(folder):
    (folder / "config.yaml").write_text(
        "# The last command that trained here: dropout-lab sweep 'l2=interval(0.01,0.1)'\n"
    )
    head = "arm,settings,val_score,val_loss,n,n_lost,picked,trials,seconds,confirmed\n"
    rows = ["inverted,rate=0.79,0.9,0.1,2,0,True,a b,1,c", "inverted,rate=0.4,0.9,0.3,2,0,False,d e,1,"]
    rows += ["l2,l2=0.05,0.9,0.1,2,0,True,f g,1,h", "l2b,l2=0.0101,0.9,0.1,2,0,True,f g,1,h"]
    (folder / "tuning.csv").write_text(head + "\n".join(rows) + "\n")
    first, second, third = read_tuning(folder)
    assert first.warnings == ["rate=0.79 is at the upper end of its range, 0.05 to 0.8; a wider one may be better."]
    assert [tried[0] for tried in first.tried] == ["rate=0.79", "rate=0.4"]
    assert second.warnings == []
    assert third.warnings == ["l2=0.0101 is at the lower end of its range, 0.01 to 0.1; a wider one may be better."]


def hostile_page(folder):
    rows, arms, settings = [], {}, {}
    for i, name in enumerate(HOSTILE):
        arms[name] = [f"{i:06x}{seed:06x}" for seed in range(3)]
        settings[name] = {"data.path": name}
        for seed, trial in enumerate(arms[name]):
            bad = i == 1 and seed == 0
            row = {"trial_id": trial, "status": "diverged" if bad else "ok", "seed": seed, "train_seconds": 1.0 + i}
            rows.append(row | ({} if bad else {"test_accuracy": 0.9 - i / 50 + seed / 100, "gap": 0.1}))
    Ledger("out").append(rows, [])
    (folder / "out/config.yaml").write_text(
        f"# The last command that trained here: dropout-lab sweep 'a={HOSTILE[0]}'\n"
    )
    summary = Summary(read_trials("out"), arms, settings)
    page = render_page("report.html.j2", sweep_context(folder / "out", PlotData(summary, title=HOSTILE[0])))
    (folder / "out/report.html").write_text(page, encoding="utf-8")
    return page


def test_hostile_names_stay_text(folder):
    text = hostile_page(folder)
    page = check_page(text, folder)
    shown = " ".join(page.texts)
    assert all(name in shown for name in HOSTILE)
    assert "diverged" in shown
    assert page.tags.count("style") == text.count("<style")
    assert page.tags.count("title") == 1


def study(folder, name, verdict="supported", claim="A is <b>better</b>."):
    from dropout_lab.studies.report_files import CLAIMS

    place = folder / name / "laptop"
    place.mkdir(parents=True)
    (place / "README.md").write_text(f"# Title of {name} <i>\n\nDoes it help?\n")
    with (place / "claims.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, CLAIMS)
        writer.writeheader()
        row = dict.fromkeys(CLAIMS, "") | {"study": name, "scale": "laptop", "data": "digits", "claim": claim}
        writer.writerow(
            row
            | {
                "verdict": verdict,
                "category": "paper",
                "effect": "0.5",
                "low": "0.1",
                "high": "0.9",
                "p_holm": "0.01",
                "n": "5",
            }
        )


def test_all_studies_have_a_page_with_their_claims(typed, folder):
    study(folder / "all", "first one")
    study(folder / "all", "second", "contradicted")
    assert typed("report", "out=all") == (0, "all/report.html\n", "")
    page = check_page((folder / "all/report.html").read_text(encoding="utf-8"), folder / "all")
    shown = " ".join(page.texts)
    assert "A is <b>better</b>." in shown
    assert "1 supported" in shown
    assert "Claims of papers: 2" in shown
    assert "1 contradicted" in shown
    assert "0.5 [0.1, 0.9], n = 5" in " ".join(shown.split())
    assert "study-second-laptop" in page.ids


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["out=nowhere"], "out=nowhere: holds no sweep"),
        (["x=1"], "report x=1: unknown option; report takes out=DIR and file=PATH"),
    ],
)
def test_what_has_no_page_is_refused_in_one_line(typed, folder, words, message):
    status, _, err = typed("report", *words)
    assert (status, err.count("\n")) == (2, 1)
    assert message in err


PROBE = """<body style="margin:0"><iframe id="f" src="PAGE" style="border:0;width:WIDTHpx;height:900px"></iframe>
<script>
const errors = [], frame = document.getElementById("f");
frame.addEventListener("load", () => {
  const page = frame.contentDocument, root = page.documentElement;
  const button = page.querySelector("th button");
  const first = () => page.querySelector("table.sortable tbody").rows[0].textContent;
  button.click();
  const up = first();
  button.click();
  if (up === first()) errors.push("sorting does nothing");
  if (root.scrollWidth > root.clientWidth) errors.push("overflow by " + (root.scrollWidth - root.clientWidth));
  if (frame.contentWindow.hacked) errors.push("a name was run");
  for (const svg of page.querySelectorAll("figure svg")) {
    const box = svg.getBoundingClientRect();
    if (box.width && (box.height < 20 || box.right > root.clientWidth + 1)) errors.push("a figure has no room");
  }
  document.title = "done";
  document.body.append("RESULT[" + errors.join("; ") + "]");
});
</script>"""


@pytest.mark.slow
@pytest.mark.skipif(not BROWSERS, reason="no Chromium is installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [380, 1400])
@pytest.mark.parametrize("kind", ["hostile", "studies"])
def test_a_browser_shows_the_page(folder, width, scheme, kind):
    if kind == "hostile":
        hostile_page(folder)
    else:
        study(folder / "out", "first")
        study(folder / "out", "second", "contradicted", "x" * 300)
        write_report("out")
    page = (folder / "out/report.html").as_uri()
    (folder / "probe.html").write_text(PROBE.replace("PAGE", page).replace("WIDTH", str(width)))
    words = [
        BROWSERS[0],
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--allow-file-access-from-files",
        "--enable-logging=stderr",
    ]
    words += [
        f"--user-data-dir={folder / 'profile'}",
        f"--blink-settings=preferredColorScheme={int(scheme == 'light')}",
    ]
    words += ["--window-size=1500,1000", "--virtual-time-budget=4000", "--dump-dom", (folder / "probe.html").as_uri()]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert "RESULT[]" in done.stdout, done.stdout[-300:]
    assert "CONSOLE" not in done.stderr
