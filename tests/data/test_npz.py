"""Archives that are damaged, hostile or something else end in one message; none is half read."""

import io
import re
import struct
import warnings
import zipfile

import numpy as np
import pytest

from dropout_lab.data import DataError, npz
from dropout_lab.data.arrays import read_npz

X = np.random.default_rng(0).normal(size=(6, 3))
Y = np.arange(6) % 2
MUTATIONS = 150  # of each archive


def saved(path, save=np.savez, **arrays):
    save(path, **arrays)
    return path


def npy(header, data=b"", version=(1, 0)):
    """A .npy file with this header, whatever it says."""
    text = header.encode() + b"\n"
    size = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + size + text + data


def header_of(descr="'<f8'", shape="(6, 3)"):
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"


def zipped(path, members, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of two members of one name
        with zipfile.ZipFile(path, "w", **options) as archive:
            for name, content in members:
                archive.writestr(name, content)
    return path


def plain(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def message_of(path):
    with pytest.raises(DataError) as caught:
        read_npz(path, "auto")
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message.removeprefix(str(path))


def outcome(path):
    """What the file is refused with; empty if it is read."""
    try:
        got = read_npz(path, "auto")
    except DataError as error:
        message = str(error)
    else:
        assert len(got["x"]) == len(got["y"])
        return ""
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_mutations_are_read_or_refused_and_never_crash(tmp_path, save):
    names = np.array(["one", "two"] * 40)
    content = saved(tmp_path / "d.npz", save, x=np.arange(240.0).reshape(80, 3), y=names).read_bytes()
    random = np.random.default_rng(1)
    refused = 0
    for _ in range(MUTATIONS):
        mutant = bytearray(content)
        for place in random.integers(0, len(mutant), random.integers(1, 6)):
            mutant[place] = random.integers(0, 256)
        if random.random() < 0.2:
            mutant = mutant[: random.integers(0, len(mutant))]
        (tmp_path / "m.npz").write_bytes(mutant)
        refused += bool(outcome(tmp_path / "m.npz"))
    assert refused > MUTATIONS / 2


@pytest.mark.parametrize("start", [0, 6, 8, 10, 20, 40, 60])
def test_mutations_of_a_header_behind_a_valid_checksum(tmp_path, start):
    """Zip's checksum finds random damage first; a hostile file has a valid one."""
    random = np.random.default_rng(start)
    content = plain(X)
    for _ in range(60):
        mutant = bytearray(content)
        for place in random.integers(start, min(start + 24, 128), random.integers(1, 4)):
            mutant[place] = random.choice(np.frombuffer(b"0123456789'(),{}[]<>|OUSVfi8 \x00\xff\n\\#", np.uint8))
        zipped(tmp_path / "m.npz", [("x.npy", bytes(mutant)), ("y.npy", plain(Y))])
        outcome(tmp_path / "m.npz")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (header_of(shape="(1000000000000, 3)"), r"'x' declares 24,000,000,000,000 bytes and contains 144"),
        (header_of(shape="(5, 3)"), r"'x' declares 120 bytes and contains 144"),
        (header_of(shape="(-6, -3)"), "is not an .npz file, or is incomplete"),
        (header_of(shape="(10**3, 3)"), "is not an .npz file, or is incomplete"),
        (header_of("'<U0'", "(99999999999,)"), "is incomplete"),
        (header_of("'O'"), r"'x' contains Python objects \(a pickle\), which are never loaded"),
        (header_of("[('a', 'O'), ('b', '<f8')]"), "holds Python objects"),
        (header_of("[('a', '<f8')]", "(6, 3)"), "must be numbers: save np.lib.recfunctions"),
        (header_of("'<q9'"), "is not an .npz file, or is incomplete"),
        (header_of("'" + "(" * 3000 + "'"), "is not an .npz file, or is incomplete"),
        ("(" * 9000, "is not an .npz file, or is incomplete"),
        ("'''" + 99 * "\\", "is not an .npz file, or is incomplete"),
        ("{", "is not an .npz file, or is incomplete"),
        ("{}", "is not an .npz file, or is incomplete"),
        ("x" * 20000, "is not an .npz file, or is incomplete"),
        ("\x00", "is not an .npz file, or is incomplete"),
    ],
)
def test_headers_that_lie(tmp_path, header, message):
    path = zipped(tmp_path / "d.npz", [("x.npy", npy(header, X.tobytes())), ("y.npy", plain(Y))])
    assert re.search(message, message_of(path))


def test_a_header_of_another_version(tmp_path):
    path = zipped(tmp_path / "d.npz", [("x.npy", npy(header_of(), X.tobytes(), (3, 0))), ("y.npy", plain(Y))])
    assert "'x' has the .npy format 3.0" in message_of(path)
    path = zipped(tmp_path / "d.npz", [("x.npy", npy(header_of(), X.tobytes(), (2, 0))), ("y.npy", plain(Y))])
    assert np.array_equal(read_npz(path, "auto")["x"], X)


def test_a_header_of_python_2_is_read_without_a_warning(tmp_path):
    path = zipped(tmp_path / "d.npz", [("x.npy", npy(header_of(shape="(6L, 3L)"), X.tobytes())), ("y.npy", plain(Y))])
    assert np.array_equal(read_npz(path, "auto")["x"], X)


def test_what_would_fill_the_memory_is_refused_unread(tmp_path, monkeypatch):
    path = saved(tmp_path / "d.npz", np.savez_compressed, x=np.zeros((4000, 3)), y=Y.repeat(1000)[:4000])
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(npz, "MOST_BYTES", 2**16)
    monkeypatch.setattr(np.lib.format, "read_array", None)
    assert "declares arrays of 0.000" in message_of(path)
    assert "at most 6.1e-05 GiB are read" in message_of(path)


def test_more_than_the_memory_is_refused_unread(tmp_path, monkeypatch):
    path = saved(tmp_path / "d.npz", x=X, y=Y)
    monkeypatch.setattr(npz.os, "sysconf", lambda name: 16)
    monkeypatch.setattr(np.lib.format, "read_array", None)
    assert "of which at most 2.38e-07 GiB fit into memory" in message_of(path)


@pytest.mark.parametrize("spoil", [lambda c: c[:-30], lambda c: c[:300], lambda c: b"", lambda c: b"junk" + c[9:]])
def test_a_broken_archive(tmp_path, spoil):
    path = saved(tmp_path / "d.npz", x=X, y=Y)
    path.write_bytes(spoil(path.read_bytes()))
    assert "is incomplete" in message_of(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("name", [b"x.npy", b"y.npy"])
def test_a_flipped_bit(tmp_path, save, name):
    path = saved(tmp_path / "d.npz", save, x=X, y=Y)
    content = bytearray(path.read_bytes())
    content[content.index(name) + 60] ^= 1
    path.write_bytes(content)
    assert "is not an .npz file, or is incomplete" in message_of(path)


def test_an_encrypted_member(tmp_path):
    path = saved(tmp_path / "d.npz", x=X, y=Y)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "'x' is encrypted; save it without a password" in message_of(path)


def test_an_unknown_compression(tmp_path):
    path = saved(tmp_path / "d.npz", x=X, y=Y)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 10] = 93
    path.write_bytes(content)
    assert "is not an .npz file, or is incomplete" in message_of(path)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("a.csv", "a,b\n1,2\n")], "is a zip archive without arrays; np.savez"),
        ([], "is a zip archive without arrays"),
        ([("x.npy", b"")], "must contain x and y"),
        ([("x.npy", b""), ("y.npy", plain(Y))], "is not an .npz file, or is incomplete"),
        ([("x.npy", b"text"), ("y.npy", plain(Y))], "is not an .npz file, or is incomplete"),
        ([("x.npy", plain(X)), ("x.npy", plain(X)), ("y.npy", plain(Y))], "contains two arrays with the name 'x'"),
        (
            [("x.npy", plain(X)), ("y\n.npy", plain(Y)), ("\x1b[31m.npy", plain(Y)), ("y.npy", plain(Y[:5]))],
            "y has 5 rows",
        ),
    ],
)
def test_zip_files_that_hold_something_else(tmp_path, members, message):
    assert message in message_of(zipped(tmp_path / "d.npz", members))


def test_what_the_macos_archiver_adds_is_left_out(tmp_path):
    path = zipped(
        tmp_path / "d.npz",
        [
            ("set/x.npy", plain(X)),
            ("__MACOSX/set/._x.npy", b"\x00\x05\x16\x07"),
            ("set/y.npy", plain(Y)),
            ("a.txt", ""),
        ],
    )
    assert np.array_equal(read_npz(path, "auto")["x"], X)


def test_names_that_would_break_the_line_are_escaped(tmp_path):
    path = zipped(tmp_path / "d.npz", [("x.npy", plain(X)), ("y.npy", plain(Y)), ("a\nb" + 60 * "c" + ".npy", b"")])
    assert read_npz(path, "auto")["notes"].tolist() == [f"not used: a\\nb{'c' * 36}..."]


def test_a_single_array_is_no_archive(tmp_path):
    np.save(tmp_path / "d.npy", X)
    (tmp_path / "d.npy").rename(tmp_path / "d.npz")
    assert "is a single array, as np.save writes it; np.savez(FILE, x=x, y=y)" in message_of(tmp_path / "d.npz")
