"""Code of the user's own: what is hashed is what runs."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dropout_lab.errors import ConfigError
from dropout_lab.user_code import code_digest, load_target


def test_a_digest_is_that_of_the_file_and_nothing_is_run_for_it(folder):
    (folder / "loud.py").write_text("raise RuntimeError\n")
    assert code_digest("loud:make") == hashlib.sha256(b"raise RuntimeError\n").hexdigest()[:16]
    assert "loud" not in sys.modules


def test_an_edit_within_the_same_second_is_seen_and_what_was_loaded_stays(folder, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = folder / "edited.py"
    path.write_text("size = 1\n")
    os.utime(path, (1e9, 1e9))
    first = code_digest("edited:size")
    assert load_target("edited:size", first) == 1
    path.write_text("size = 2\n")  # as long and as old as before: Python would take its compiled file
    os.utime(path, (1e9, 1e9))
    second = code_digest("edited:size")
    assert second != first
    assert load_target("edited:size", second) == load_target("edited:size") == 2
    assert load_target("edited:size", first) == 1, "trials that wait keep the code they are named by"


def test_another_file_of_the_same_name_is_another_module(tmp_path, monkeypatch):
    for name, value in {"here": 1, "there": 2}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "twice.py").write_text(f"value = {value}\n")
        monkeypatch.chdir(tmp_path / name)
        monkeypatch.syspath_prepend(str(tmp_path / name))
        assert load_target("twice:value") == value


def test_packages_methods_and_dataclasses(folder):
    (folder / "kit").mkdir()
    (folder / "kit" / "__init__.py").write_text("")
    (folder / "kit" / "parts.py").write_text("width = 7\n")
    (folder / "kit" / "net.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom .parts import width\n"
        "@dataclass\nclass Net:\n    size: int = width\n    @classmethod\n    def make(cls): return cls()\n"
    )
    assert load_target("kit.net:Net.make")().size == 7


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("", "model=custom: requires model.target=MODULE:FUNCTION"),
        ("nowhere:make", "model.target=nowhere:make: no module nowhere in the current folder"),
        ("nowhere.deep:make", "model.target=nowhere.deep:make: no module nowhere in the current folder"),
        ("fine.deep:make", "model.target=fine.deep:make: no module fine.deep in the current folder"),
        ("fine:makes", "model.target=fine:makes: fine has no makes"),
        ("broken:make", r"model.target=broken:make: cannot be imported \(SyntaxError"),
        ("failing:make", r"model.target=failing:make: cannot be imported \(ZeroDivisionError: division by zero\)"),
        ("leaving:make", r"model.target=leaving:make: cannot be imported \(SystemExit: 3\)"),
        ("math:sqrt", "model.target=math:sqrt: math has no source file"),
    ],
)
def test_what_cannot_be_loaded(folder, target, message):
    for name, text in {
        "fine": "make = 1",
        "broken": "def make(:",
        "failing": "1 / 0",
        "leaving": "raise SystemExit(3)",
    }.items():
        (folder / f"{name}.py").write_text(text)
    with pytest.raises(ConfigError, match=f"^{message}") as caught:
        load_target(target)
    assert "\n" not in str(caught.value)
    assert target.partition(":")[0] not in sys.modules or target.startswith(("fine", "math"))


def test_other_code_than_the_digest_says_is_refused(folder):
    (folder / "changed.py").write_text("value = 1\n")
    with pytest.raises(ConfigError, match=r"holds other code .* than model\.digest=aaaaaaaaaaaaaaaa"):
        load_target("changed:value", 16 * "a")


@pytest.mark.parametrize("name", ["colorsys", "torch", "numpy"])
def test_files_of_the_folder_hide_no_installed_module(folder, monkeypatch, name):
    (folder / f"{name}.py").write_text("raise RuntimeError('imported instead of the installed one')\n")
    (folder / "helper.py").write_text("width = 3\n")
    (folder / "mynet.py").write_text(f"import {name}\nfrom helper import width\nplace = {name}.__file__\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert str(folder) not in load_target("mynet:place")
    for module in ("mynet", "helper"):
        del sys.modules[module]
    with pytest.raises(ConfigError, match=f"{name} is also the name of an installed module; rename the module"):
        load_target(f"{name}:width")


def test_a_file_of_the_folder_does_not_break_the_command(folder):
    for name in ("random.py", "torch.py", "pathlib.py", "hydra.py", "json.py"):
        (folder / name).write_text("raise RuntimeError('imported instead of the installed one')\n")
    package = str(Path(__file__).resolve().parents[1])
    words = [sys.executable, "-m", "dropout_lab", "sweep", "seeds=1", "train.epochs=1", "workers=1"]
    shown = subprocess.run(
        words, env={**os.environ, "PYTHONPATH": package}, capture_output=True, text=True, check=False
    )
    assert (shown.returncode, shown.stderr) == (0, "")
