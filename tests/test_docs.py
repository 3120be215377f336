"""The documentation: its commands run, its links resolve, and it builds without a warning."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PROJECT = Path(__file__).resolve().parent.parent
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
PAGES = [page for page in PAGES if not {"_build", "variants", "regularizers"} & set(page.parts)]
# Commands run at this size. `glob(*)` selects dozens of arms, whose plan is enough.
SMALL = {"train.epochs": "3", "seeds": "1", "budget": "1", "tuning_seeds": "1", "infer.passes": "2"}
LONG = ("glob(", "scale=", "--dry-run")


def fenced(page, language):
    """The contents of the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def commands(page):
    lines = [line.split(" #")[0].strip() for block in fenced(page, "bash") for line in block.splitlines()]
    lines = [
        re.sub(r"^(scripts/)?dropout-lab ", "", line).partition(" > ")[0] for line in lines if "dropout-lab " in line
    ]
    return [shlex.split(line) for line in lines]


def shrink(words):
    """The same command with short trainings, or only its plan."""
    if words[0] not in ("sweep", "train", "search", "evaluate"):
        return (
            [*words, "--dry-run"] if words[0] == "reproduce" and len(words) > 1 and "--dry-run" not in words else words
        )
    if any(part in word for part in LONG for word in words):
        return words if "--dry-run" in words else [*words, "--dry-run"]
    kept = [word for word in words if word.partition("=")[0] not in SMALL]
    sizes = dict(SMALL) if "tune=true" in words or words[0] == "search" else {"train.epochs": "3", "seeds": "2"}
    if words[0] == "train":
        sizes.pop("seeds", None)
    if words[0] == "evaluate":
        sizes = {}
    if not any("monte_carlo" in word or "ensemble" in word for word in words):
        sizes.pop("infer.passes", None)
    return [*kept, *(f"{key}={value}" for key, value in sizes.items())]


def write_data(folder):
    """Write the files that the pages name."""
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(60, 5)), np.arange(60) % 2
    np.savez(folder / "mine.npz", x=x, y=y)
    np.savez(folder / "motion.npz", x=draw.normal(size=(60, 7, 3)), y=y)
    rows = "\n".join(f"{a:.3f},{b:.3f},{100 * a:.2f}" for a, b in x[:, :2])
    (folder / "mine.csv").write_text(f"area,age,price\n{rows}\n")
    rows = "\n".join(f"n{i},t{i % 7},{'' if i % 9 == 0 else 20 + i},{y[i]}" for i in range(60))
    (folder / "passengers.csv").write_text(f"name,ticket,age,survived\n{rows}\n")
    for kind in ("cat", "dog"):
        (folder / "pets" / kind).mkdir(parents=True)
        for i in range(20):
            Image.fromarray(draw.integers(0, 255, (9, 9, 3), dtype=np.uint8)).save(folder / f"pets/{kind}/{i}.png")
    for kind in ("spam", "ham"):
        (folder / "mail" / kind).mkdir(parents=True)
        for i in range(20):
            (folder / f"mail/{kind}/{i}.txt").write_text(f"a {kind} text number {i}")
    rows = "\n".join(f"some text {i},{'spam' if i % 2 else 'ham'}" for i in range(40))
    (folder / "mail.csv").write_text(f"body,kind\n{rows}\n")


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.stem)
def test_every_command_of_a_page_runs(page, typed, folder):
    write_data(folder)
    for number, block in enumerate(fenced(page, "python")):
        if "nn.Sequential" in block:
            (folder / "nets.py").write_text(block)
        else:
            compile(block, f"{page.name}, block {number + 1}", "exec")
    for words in commands(page):
        status, _, err = typed(*shrink(words))
        assert status == 0, shlex.join(words)
        assert err == "" or "--json" in words, shlex.join(words)  # progress goes to stderr under --json


def test_links_between_pages_resolve():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            generated = "gallery/variants" in target or "gallery/regularizers" in target
            assert generated or (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.slow
def test_the_documentation_builds_without_a_warning(tmp_path):
    pytest.importorskip("sphinx")
    pytest.importorskip("furo")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", "-d", str(tmp_path / "trees"), "docs"]
    built = subprocess.run([*command, str(tmp_path / "html")], cwd=PROJECT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    pages = {path.stem for path in (tmp_path / "html/gallery/variants").glob("*.html")}
    assert {"inverted", "dropblock", "zoneout"} <= pages
