"""Checkpoint files: written whole or not at all, refused in one line, removed when they are of no use."""

import errno
import json
import os
import subprocess
import sys

import pytest
import torch

from dropout_lab.files import remove_leftovers
from dropout_lab.sweeps import checkpoint_states as files
from dropout_lab.sweeps.checkpoint_states import read_checkpoint, write_checkpoint
from dropout_lab.sweeps.pack_checkpoints import (
    CheckpointError,
    CheckpointHeader,
    checkpoint_path,
    list_checkpoints,
    remove_checkpoints,
    usable_checkpoints,
)

IDS = ["aaa", "bbb"]
STATE = {"x": torch.arange(5000), "name": None, "rows": [[1, 2.5, float("inf")], []]}
VERSIONS = {"torch": "2", "threads": 1}


def header(**changed):
    return CheckpointHeader(
        **{"trials": IDS, "epoch": 3, "epochs": 9, "epochs_done": 4, "seconds": 60.0, **VERSIONS, **changed}
    )


@pytest.fixture
def path(tmp_path):
    path = checkpoint_path(tmp_path, IDS)
    write_checkpoint(path, header(), STATE)
    return path


def refused(path, **expected):
    with pytest.raises(CheckpointError) as refusal:
        read_checkpoint(path, {"trials": IDS, **VERSIONS, **expected})
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_a_checkpoint_holds_its_state(path):
    state = read_checkpoint(path, {"trials": IDS, **VERSIONS})
    assert torch.equal(state.pop("x"), STATE["x"])
    assert state == {"name": None, "rows": [[1, 2.5, float("inf")], []]}
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_another_order_of_the_trials_is_another_checkpoint(tmp_path):
    assert checkpoint_path(tmp_path, IDS) != checkpoint_path(tmp_path, IDS[::-1])
    assert checkpoint_path(tmp_path, IDS) != checkpoint_path(tmp_path, IDS[:1])


def test_it_is_used_for_its_trials_torch_and_threads_only(path):
    assert refused(path, trials=IDS[::-1]) == "it belongs to other trials"
    assert refused(path, threads=2) == "it was written with threads 1, but the current threads is 2"
    assert refused(path, torch="3") == "it was written with torch 2, but the current torch is 3"


@pytest.mark.parametrize("name", ["format", "numerics"])
def test_another_version_is_refused(name, path):
    write_checkpoint(path, header(**{name: 99}), STATE)
    assert refused(path).startswith(f"it was written with {name} 99, but the current {name} is ")


def test_every_damaged_byte_and_every_cut_is_noticed(path):
    content = path.read_bytes()
    for at in [*range(0, len(content), 997), len(content) - 1]:
        path.write_bytes(content[:at] + bytes([content[at] ^ 8]) + content[at + 1 :])
        refused(path)
        path.write_bytes(content[:at])
        refused(path)
    path.write_bytes(content)
    read_checkpoint(path, {"trials": IDS})


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"[]\n", b"{}\n", b"null\n", b"[" * 100_000, b"\xff\xfe\n", b'{"a": 1}\n']
)
def test_files_of_another_kind_are_refused(content, path):
    path.write_bytes(content)
    assert refused(path) == "it is damaged"


def test_a_pickle_of_other_classes_is_not_loaded(path):
    class Harmful:
        def __reduce__(self):
            return pytest.fail, ("executed",)

    write_checkpoint(path, header(), {"x": Harmful()})
    assert refused(path).startswith("torch cannot read it (")


class FullDisk:
    """File on a disk that is full after some writes."""

    def __init__(self, writes):
        self.left = writes

    def write(self, data):
        if not self.left:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.left -= 1
        return len(data)

    def flush(self):
        pass


@pytest.mark.parametrize("writes", [0, 1, 5])
def test_a_full_disk_keeps_the_checkpoint_before(writes, path, monkeypatch):
    hashing = files._Hashing
    monkeypatch.setattr(files, "_Hashing", lambda file: hashing(FullDisk(writes)))
    with pytest.raises(OSError, match="No space left on device"):
        write_checkpoint(path, header(epoch=4), STATE)
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert files.read_header(path).epoch == 3


def test_checkpoints_go_when_all_of_their_trials_are_done(path, tmp_path):
    assert [each.trials for each in usable_checkpoints(tmp_path)] == [IDS]
    remove_checkpoints(tmp_path, {"aaa"})
    assert path.exists()
    remove_checkpoints(tmp_path, {"aaa", "bbb", "ccc"})
    assert not path.parent.exists()
    assert usable_checkpoints(tmp_path) == []


def test_a_file_under_the_name_of_another_pack_is_not_usable(path, tmp_path):
    other = checkpoint_path(tmp_path, ["ccc"])
    path.rename(other)
    ((found, error),) = list_checkpoints(tmp_path)
    assert found == other
    assert str(error) == "its file name belongs to another pack"


def test_the_header_is_one_line_of_json(path):
    values = json.loads(path.read_bytes().split(b"\n", 1)[0])
    assert values["trials"] == IDS
    assert values["torch"] == "2"


def test_unfinished_files_of_killed_processes_are_removed(path, tmp_path):
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    for name in (f"{path.name}.{child.pid}.new", f"{path.name}.{os.getpid()}.new"):
        (path.parent / name).write_bytes(b"half")
    remove_leftovers(path.parent)
    assert {each.name for each in path.parent.iterdir()} == {path.name, f"{path.name}.{os.getpid()}.new"}
