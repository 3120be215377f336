"""The examples run as a reader would run them, in an empty folder, and print accuracies above chance."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
# Example -> the files that it leaves, and the least accuracy that it prints.
LEAVES = {
    "layer_in_your_network": ([], 0.8),
    "python_sweep": (["results/python_sweep/summary.md"], 0.8),
    "your_own_data": (["measurements.csv", "results/your_own_data/trials.csv"], 0.7),
    "your_own_network": (["results/your_own_network/summary.png"], 0.6),
}


def test_every_example_is_tested():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(LEAVES)


@pytest.mark.parametrize("name", LEAVES)
def test_an_example_runs(tmp_path, name):
    files, least = LEAVES[name]
    shutil.copy(EXAMPLES / f"{name}.py", tmp_path)
    command = [sys.executable, "-W", "error", f"{name}.py"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (shown.returncode, shown.stderr) == (0, "")
    accuracies = [float(number) for number in re.findall(r"\b0\.\d{3}\b", shown.stdout)]
    assert max(accuracies) > least
    assert all((tmp_path / file).is_file() for file in files)
