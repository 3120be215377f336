"""Atomic writes: flushed before they are renamed, nothing left of failed ones, leftovers of dead processes removed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dropout_lab import files
from dropout_lab.files import make_folder, remove_leftovers, replace_file, write_atomically


@pytest.fixture
def events(monkeypatch):
    """The flushes and renames in their order, by the name of the file."""
    seen = []
    fsync, rename = os.fsync, Path.replace

    def flushed(descriptor):
        seen.append(("flush", Path(f"/proc/self/fd/{descriptor}").readlink().name))
        fsync(descriptor)

    def renamed(self, target):
        seen.append(("rename", Path(target).name))
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", renamed)
    return seen


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads the names of open files in /proc")
def test_file_and_folder_are_flushed_around_the_rename(tmp_path, events):
    replace_file(tmp_path / "a.txt", "new")
    (first, temporary), rename, last = events
    assert first == "flush"
    assert temporary.endswith(".new.txt")
    assert [rename, last] == [("rename", "a.txt"), ("flush", tmp_path.name)]
    assert (tmp_path / "a.txt").read_text() == "new"


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail(new):
        new.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_atomically(path, fail)
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


def dead_process():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_leftovers_of_dead_processes_are_removed_and_nothing_else(tmp_path):
    dead, host = dead_process(), files._host()
    kept = [
        f".table.csv.{host}-{os.getpid()}.new.csv",  # of a running process
        f".table.csv.00000000-{dead}.new.csv",  # of another machine
        f"mine.csv.{dead}.new",  # not a file of this program
        "table.csv",
        f"table.csv.{dead}.newer",
        f"{dead}.new",
    ]
    gone = [f".table.csv.{host}-{dead}.new.csv", f"table.csv.{dead}.new", f".table.csv.{10**30}.new"]
    for name in kept + gone:
        (tmp_path / name).touch()
    (tmp_path / "target").touch()
    link = tmp_path / f"table.csv.{dead + 1}.new"
    link.symlink_to(tmp_path / "target")
    remove_leftovers(tmp_path, {"table.csv"})
    assert {path.name for path in tmp_path.iterdir()} == {*kept, "target", link.name}
    remove_leftovers(tmp_path / "missing")


def test_new_folders_are_flushed_into_their_parents(tmp_path, events):
    make_folder(tmp_path / "a" / "b")
    assert events == [("flush", tmp_path.name), ("flush", "a")]
