"""The house: imports point one way, files stay small, and the documents say what the program says."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dropout_lab.cli.listing import DOCUMENTED, render_markdown_table
from dropout_lab.config import GROUPS, MODELS, regularizer_names
from dropout_lab.config.compose import CONF, EXPERIMENT, list_choices
from dropout_lab.config.lr_schedules import LR_SCHEDULES
from dropout_lab.data import DATASETS
from dropout_lab.dropout import VARIANTS
from dropout_lab.dropout.schedules import SCHEDULES
from dropout_lab.regularizers import REGULARIZERS
from dropout_lab.train.optimizers import OPTIMIZERS

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "dropout_lab"
FILES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((PROJECT / "tests").rglob("*.py"))

# Part -> the parts it may import; upper levels first. scripts/check_imports.py prints the levels.
CONFIG = {"config", "errors", "files", "metrics", "settings"}
MAY_IMPORT = {
    "api": CONFIG | {"evaluation", "presentation", "process_settings", "report", "sweeps", "tuning"},
    "reproduce": CONFIG
    | {"data", "evaluation", "presentation", "process_settings", "report", "studies", "sweeps", "trial", "tuning"},
    "bench": CONFIG
    | {"data", "dropout", "evaluation", "models", "process_settings", "report", "rng", "sweeps", "train", "trial"},
    "checks": CONFIG | {"data", "dropout", "process_settings", "rng", "sweeps", "train", "trial"},
    "presentation": CONFIG | {"evaluation", "report", "studies", "sweeps", "tuning"},
    "tuning": CONFIG | {"sweeps", "trial"},
    "evaluation": CONFIG | {"data", "dropout", "models", "rng", "stats", "sweeps", "train", "trial"},
    "sweeps": CONFIG
    | {"data", "dropout", "models", "process_settings", "regularizers", "rng", "signals", "stats", "train", "trial"},
    "train": CONFIG | {"data", "dropout", "models", "process_settings", "regularizers", "rng", "stats", "trial"},
    "models": CONFIG | {"dropout", "rng", "user_code"},
    "regularizers": CONFIG | {"dropout", "rng"},  # of dropout the site kinds, and numbers from random bits
    # A study reads the ledger through the summary of the report, and is written in the words of the command line.
    "studies": CONFIG | {"report", "stats"},
    "trial": CONFIG | {"data", "user_code"},
    "dropout": {"rng", "settings"},
    "config": {"errors", "metrics", "settings"},
    "settings": {"errors", "metrics"},
    "report": {"errors", "files", "metrics", "settings", "stats"},
    "user_code": {"errors"},
    "data": {"errors", "metrics", "settings"},
    "stats": {"metrics"},
    "metrics": set(),
    "rng": set(),
    "errors": set(),
    "files": set(),
    "signals": set(),
    "process_settings": set(),
}


def part(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    """The parts of the package that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dropout_lab"):
            below = node.module.split(".")[1:2]
            yield from below or (alias.name for alias in node.names if alias.name != "__version__")
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("dropout_lab."))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    name = part(path)
    if name in ("cli", "__main__", "__init__"):
        return
    wrong = set(imported(path)) - MAY_IMPORT[name] - {name}
    assert not wrong, f"{name} must not import {wrong}"


WITHOUT_TORCH = (
    "data stats.intervals stats.example_tests report.plots studies.verdicts studies.figure studies.catalog "
    "presentation.sweep config config.compose user_code trial process_settings errors cli"
).split()


@pytest.mark.parametrize("module", [*WITHOUT_TORCH, "sweeps.grid", "tuning.search"])
def test_parts_that_must_do_without_torch(module):
    code = f"import sys, dropout_lab.{module}; print('torch' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"


def test_a_variant_pulls_in_nothing_but_dropout_and_streams():
    code = "import sys, dropout_lab.dropout; print(*sorted(m for m in sys.modules if m.startswith('dropout_lab.')))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {m.split(".")[1] for m in shown.stdout.split()} <= {"dropout", "rng", "settings", "errors"}


def test_the_engine_names_no_variant_regularizer_or_model():
    of = {"train": {*VARIANTS, *MODELS, *REGULARIZERS}, "models": set(REGULARIZERS)}
    for part, names in of.items():
        for path in (PACKAGE / part).glob("*.py"):
            tree = ast.parse(path.read_text())
            for node in ast.walk(tree):  # what documents say is no code
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
                    node.body[0] = ast.Pass()
            # torch has functions and arguments of the same names.
            code = re.sub(r"functional\.layer_norm|(weight_decay|alpha)=[\d.]+", "", ast.unparse(tree))
            found = {name for name in names if re.search(rf"\b{name}\b", code, re.IGNORECASE)}
            assert not found, f"{path.name} names {found}"


def test_registries_and_choices_are_the_same():
    assert set(list_choices("variant")) == {*VARIANTS, "none"}
    assert set(list_choices("regularizer")) == {*REGULARIZERS, "none"}
    assert set(regularizer_names()) == set(REGULARIZERS)
    assert set(list_choices("model")) == set(MODELS)
    assert set(list_choices("data")) == set(DATASETS)
    assert set(list_choices("schedule")) == set(SCHEDULES)
    assert set(list_choices("train")) == set(OPTIMIZERS)
    assert set(list_choices("lr_schedule")) == set(LR_SCHEDULES)
    assert {p.name for p in CONF.iterdir() if p.is_dir()} == {*GROUPS, EXPERIMENT, "study"}


@pytest.mark.parametrize("path", [*FILES, *TESTS], ids=lambda p: str(p.relative_to(PROJECT)))
def test_files_and_functions_stay_small(path):
    tree = ast.parse(path.read_text())
    assert len(path.read_text().splitlines()) <= 300
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 50, f"{node.name} is too long"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_public_thing_says_what_it_is(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree) or not tree.body
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node) or node.name.startswith("check_"), f"{path.name}: {node.name}"


def public_names(kind):
    """Public functions or classes of all modules by name; the peers of the bench are programs of their own."""
    names = {}
    for path in FILES:
        if not {"peers", "plugins"} & set(path.parts):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, kind) and not node.name.startswith("_"):
                    names.setdefault(node.name, []).append(str(path.relative_to(PACKAGE)))
    return names


def test_no_two_public_classes_have_the_same_name():
    assert {name: paths for name, paths in public_names(ast.ClassDef).items() if len(paths) > 1} == {}


# A function is named by a verb; a participle or adjective alone does not say what it does.
BARE_WORDS = set(
    (
        "apart aside asked chosen composed counted decoded distinct dropped embedded evaluated expected failed "
        "folded forked found fused gathered held idle joined judged keeping kept labelled launched listed long "
        "merged named nobody nothing patient plain printed rebuilt rectified renamed shown silent stacked standing "
        "strangers taken_up tested there together told tuned unlike wide written"
    ).split()
)


def test_no_public_function_is_named_by_a_bare_participle():
    assert BARE_WORDS & public_names(ast.FunctionDef).keys() == set()


@pytest.mark.parametrize("subject", DOCUMENTED)
def test_the_reference_holds_the_tables_that_the_program_prints(subject):
    page = (PROJECT / f"docs/reference/{subject}.md").read_text()
    outdated = f"docs/reference/{subject}.md is outdated; paste the output of `dropout-lab list {subject} --markdown`"
    assert render_markdown_table(subject) in page, outdated


def test_documents_name_no_machine():
    results = [path for path in (PROJECT / "results").rglob("*") if path.suffix in (".csv", ".md", ".tex", ".yaml")]
    others = [path for name in (".ci", ".github", "examples", "scripts") for path in (PROJECT / name).rglob("*.*")]
    others += [*(PROJECT / "scripts").glob("[!_]*"), PROJECT / "CITATION.cff", PROJECT / "pyproject.toml"]
    documents = [*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")]
    for path in [*documents, *others, *CONF.rglob("*.yaml"), *FILES, *results]:
        if path.suffix == ".pyc" or path.is_dir():
            continue
        assert not re.search(r"/(work|root|home|tmp)/|pypi\.org|pytorch\.org", path.read_text()), path


def test_the_code_map_names_every_part():
    text = (PROJECT / "CONTRIBUTING.md").read_text()
    for name in {part(path) for path in FILES} - {"__init__", "__main__"}:
        assert f"`{name}" in text, name


def test_the_readme_shows_the_table_of_the_picture_beside_it():
    assert (PROJECT / "results/digits/summary.md").read_text() in (PROJECT / "README.md").read_text()


def test_the_numbers_of_the_readme_are_those_of_the_files():
    readme = " ".join((PROJECT / "README.md").read_text().split())
    counts = {group: len(list_choices(group)) - 1 for group in ("variant", "regularizer")}  # without none
    assert f"{counts['variant']} dropout variants and {counts['regularizer']} regularizers" in readme
    assert f"{len(list((CONF / 'study').glob('*.yaml')))} studies of the literature" in readme
    papers = (PROJECT / "results/studies/claims.md").read_text().partition("## Claims of papers")[2]
    claims, supported, contradicted, inconclusive, elsewhere = re.findall(r"\d+", papers.split("|")[0])
    assert f"Of {claims} claims of papers" in readme
    unregistered = "registered before data" not in papers
    assert ("none of their claims is known to have been registered before its data" in readme) == unregistered
    assert f"{supported} are supported, {contradicted} is contradicted, {inconclusive} are inconclusive" in readme
    assert f"and {elsewhere} need the paper's own scale" in readme


# Names that do not say what a variable holds.
VAGUE = {"found", "told", "looks"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_variables_say_what_they_hold(path):
    tree = ast.parse(path.read_text())
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    assert not names & VAGUE
