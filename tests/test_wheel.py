"""The wheel: built, installed elsewhere, and run outside the checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
def test_the_wheel_runs_outside_the_checkout(tmp_path):
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", tmp_path]
    subprocess.run([*build, PROJECT], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("dropout_lab-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"dropout_lab/conf/config.yaml", "dropout_lab/py.typed"} <= set(names)
    assert not [n for n in names if not n.startswith(("dropout_lab/", "dropout_lab-"))]

    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", site, wheel]
    subprocess.run(install, check=True, capture_output=True)
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r}); import dropout_lab; print(dropout_lab.__file__, flush=True);"
        "from dropout_lab.cli.app import main;"
        "main(['sweep', 'rate=0,0.5', 'seeds=1', 'train.epochs=1', 'regularizer=[l2,max_norm]'])"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=elsewhere, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith(str(site))
    assert (elsewhere / "results/sweep/summary.png").exists()
    assert_costs_are_not_written(site, elsewhere)


def assert_costs_are_not_written(site, elsewhere):
    costs = site / "dropout_lab/studies/costs.csv"
    before = costs.read_bytes()
    code = f"import sys; sys.path.insert(0, {str(site)!r}); from dropout_lab.cli.app import main; main(sys.argv[1:])"
    words = ["reproduce", "primer-architectures", "scale=smoke", "--costs"]
    shown = subprocess.run([sys.executable, "-c", code, *words], cwd=elsewhere, capture_output=True, text=True)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr.startswith("dropout-lab: reproduce --costs: stores the estimates and requires a checkout")
    assert costs.read_bytes() == before
