"""The README of the kernels names every reference, and its ratios are those of the bench."""

import ast
import csv
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
KERNELS = PROJECT / "dropout_lab" / "dropout" / "kernels"
README = (KERNELS / "README.md").read_text()


def ratios(name):
    lines = (PROJECT / "results" / "bench" / name).read_text().splitlines()
    return {f"{float(row['ratio']):.2f}" for row in csv.DictReader(lines[1:])}


@pytest.mark.parametrize(("number", "name"), re.findall(r"(\d\.\d\d) \(`(\w+\.csv)`\)", README))
def test_ratios_are_measured(number, name):
    assert number in ratios(name)


def test_the_costs_of_a_layer_are_the_extremes_of_the_bench():
    lines = (PROJECT / "results" / "bench" / "sequence.csv").read_text().splitlines()
    rows = list(csv.DictReader(lines[1:]))
    ours = sorted(float(row["ratio"]) for row in rows if "no dropout" not in row["layer"])
    loops = sorted(float(row["ratio"]) for row in rows if row["layer"].startswith("loop"))
    text = " ".join(README.split())
    assert f"dropout inside costs {ours[0]:.2f} to {ours[-1]:.2f} times" in text
    assert f"without dropout costs {loops[0]:.2f} to {loops[-1]:.2f} times" in text


def test_every_kernel_and_every_reference_is_named():
    for path in KERNELS.glob("*.py"):
        names = {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
        wanted = {name for name in names if name.endswith("_reference") and name != "step_reference"}
        if path.stem != "__init__" and not path.stem.endswith("_reference"):
            wanted.add(path.name)
        for name in wanted:
            assert f"`{name}`" in README, name
