"""The script that prints the import graph."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "check_imports.py"


def shown(*words):
    done = subprocess.run([sys.executable, SCRIPT, *words], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines(), done.stderr


def package(folder, **files):
    for name, text in {"__init__": "", **files}.items():
        path = folder / "pack" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "pack"


def test_levels_of_a_package_without_cycles(tmp_path):
    files = {"low": "", "middle": "from pack.low import x", "top": "def f():\n    import pack.middle"}
    status, lines, _ = shown(package(tmp_path, **files))
    assert (status, lines[:3]) == (0, ["level 0: low", "level 1: middle", "level 2: top"])
    assert lines[3] == "3 modules, 2 imports, 0 cycles"


def test_a_cycle_is_named(tmp_path):
    files = {"a": "from . import b", "b": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pack import a"}
    status, lines, _ = shown(package(tmp_path, **files))
    assert status == 1
    assert "cycle: pack.a pack.b" in lines


def test_the_project_follows_its_order():
    _, lines, err = shown()
    assert err == ""
    assert lines[0].startswith("level 0: ")
    assert not [line for line in lines if line.startswith("against the order")]
