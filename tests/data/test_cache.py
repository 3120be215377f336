"""The cache: decoded once, whole or not there, and never in the way."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dropout_lab.data import fingerprint
from dropout_lab.data.cache import load_or_decode
from dropout_lab.data.paths import PRIVATE, data_root, user_cache_folder


class Decoder:
    """Counts how often it is asked."""

    def __init__(self, *results):
        self.results, self.calls = results, 0

    def __call__(self):
        self.calls += 1
        result = self.results[min(self.calls, len(self.results)) - 1]
        if isinstance(result, Exception):
            raise result
        return result


ARRAYS = {"x": np.arange(12, dtype=np.uint8).reshape(3, 4), "names": np.array(["a", "bc"])}


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "data" / "source.bin"
    path.parent.mkdir()
    path.write_bytes(b"one")
    return path


def look(source, decode, detail=""):
    return load_or_decode("test", [source], source.parent, decode, detail)


def test_the_second_time_nothing_is_decoded(source):
    decode = Decoder(ARRAYS)
    first, second = look(source, decode), look(source, decode)
    assert decode.calls == 1
    for found in (first, second):
        assert isinstance(found["x"], np.memmap)
        assert {name: array.tolist() for name, array in found.items()} == {n: a.tolist() for n, a in ARRAYS.items()}
    first["x"][:] = 0  # a private page, which no other process and no later start sees
    assert look(source, decode)["x"].tolist() == ARRAYS["x"].tolist()


def test_another_state_or_detail_is_decoded_anew_and_what_is_behind_goes(source):
    decode = Decoder(ARRAYS)
    look(source, decode)
    look(source, decode, "other")
    assert decode.calls == 2
    source.write_bytes(b"three")
    look(source, decode)
    assert decode.calls == 3
    assert len(list((source.parent / PRIVATE).iterdir())) == 2  # the first one's entry is gone
    os.utime(source, ns=(0, 0))
    look(source, decode)
    assert decode.calls == 4


def test_a_decoder_that_fails_leaves_nothing(source):
    with pytest.raises(RuntimeError):
        look(source, Decoder(RuntimeError("broken")))
    assert not (source.parent / PRIVATE).exists()


def test_a_damaged_entry_is_made_again(source):
    decode = Decoder(ARRAYS)
    look(source, decode)
    (path,) = (source.parent / PRIVATE).glob("*/x.npy")
    path.write_bytes(path.read_bytes()[:-3])
    assert look(source, decode)["x"].tolist() == ARRAYS["x"].tolist()
    assert decode.calls == 2
    assert isinstance(look(source, decode)["x"], np.memmap)
    assert decode.calls == 2


def test_a_protected_folder_is_left_alone(source):
    source.parent.chmod(0o555)
    try:
        found = look(source, Decoder(ARRAYS))
    finally:
        source.parent.chmod(0o755)
    assert isinstance(found["x"], np.memmap)
    assert [p.name for p in source.parent.iterdir()] == ["source.bin"]
    assert list((user_cache_folder() / PRIVATE).glob("test-*"))


def test_without_a_place_to_write_the_arrays_stay_in_memory(source, tmp_path, monkeypatch):
    monkeypatch.setattr("dropout_lab.data.cache.is_writable", lambda folder: False)
    decode = Decoder(ARRAYS)
    assert look(source, decode)["x"] is ARRAYS["x"]
    assert [p.name for p in source.parent.iterdir()] == ["source.bin"]


def test_a_full_disk_leaves_nothing_half_written(source, monkeypatch):
    def full(path, array, **options):
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    assert look(source, Decoder(ARRAYS))["x"] is ARRAYS["x"]
    assert list((source.parent / PRIVATE).iterdir()) == []


def test_where_the_root_is(monkeypatch, tmp_path):
    assert data_root("") == user_cache_folder()
    monkeypatch.setenv("DROPOUT_LAB_DATA", str(tmp_path))
    assert data_root("") == tmp_path
    assert data_root("~/x") == Path.home() / "x"


def test_a_set_of_scikit_learn_is_read_without_it_from_the_second_time_on():
    words = (
        "from dropout_lab.data import load; import sys; x = load('digits').x; print('sklearn' in sys.modules, x.sum())"
    )
    runs = [
        subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True).stdout.split()
        for _ in range(2)
    ]
    assert runs[1] == ["False", runs[0][1]]


def test_a_file_of_the_same_size_and_time_is_another_one(tmp_path):
    path, other = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text("a,y\n1,no\n2,yes\n")
    other.write_text("a,y\n1,yes\n2,no\n")
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    os.utime(other, ns=times)
    before = fingerprint("file", str(path))
    shutil.copy2(other, path)  # as `cp -p`, which sets size and time alike
    assert path.stat().st_mtime_ns == times[1]
    assert fingerprint("file", str(path)) != before
