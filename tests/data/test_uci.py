"""The UCI sets: published splits, checked files."""

import shutil
import zipfile

import numpy as np
import pytest

from dropout_lab.data import DataError, load, uci
from dropout_lab.data.checksums import joint_digest

# From the README of the data: rows, features, splits, training and test rows of a split.
PUBLISHED = {
    "bostonHousing": (506, 13, 20, 455, 51),
    "concrete": (1030, 8, 20, 927, 103),
    "energy": (768, 8, 20, 691, 77),
    "kin8nm": (8192, 8, 20, 7373, 819),
    "naval-propulsion-plant": (11934, 16, 20, 10741, 1193),
    "power-plant": (9568, 4, 20, 8611, 957),
    "protein-tertiary-structure": (45730, 9, 5, 41157, 4573),
    "wine-quality-red": (1599, 11, 20, 1439, 160),
    "yacht": (308, 6, 20, 277, 31),
}


@pytest.fixture
def boats(tmp_path, monkeypatch):
    """Eight rows with two features and two splits in the format of the sets, in the place of yacht; the data's root."""
    folder = tmp_path / "uci" / "yacht"
    folder.mkdir(parents=True)
    np.savetxt(folder / "data.txt", np.arange(32).reshape(8, 4) / 10)
    held = {0: [6, 1], 1: [0, 7]}
    indices = {"features": [0, 2], "target": [3]}
    indices |= {f"test_{split}": rows for split, rows in held.items()}
    indices |= {f"train_{split}": [row for row in range(8) if row not in rows] for split, rows in held.items()}
    for name, rows in indices.items():
        np.savetxt(folder / f"index_{name}.txt", rows)
    published = joint_digest(folder, uci.UCISet(8, 2, 2, "").files)
    monkeypatch.setitem(uci.TABLES, "yacht", uci.UCISet(8, 2, 2, published))
    return tmp_path


def test_a_small_set_is_read_with_its_splits(boats):
    dataset = load("uci", name="yacht", root=str(boats))
    values = np.arange(32).reshape(8, 4).astype(np.float32) / 10
    np.testing.assert_allclose(dataset.x, values[:, [0, 2]])
    np.testing.assert_allclose(dataset.y, values[:, 3])
    assert [split.tolist() for split in dataset.splits] == [[1, 6], [0, 7]]
    assert (dataset.task, dataset.test.tolist()) == ("regression", [1, 6])


def test_a_small_set_that_is_missing_or_altered_is_refused(boats):
    folder = boats / "uci" / "yacht"
    (folder / "index_test_1.txt").rename(boats / "aside")
    with pytest.raises(DataError, match=r"index_test_1\.txt: does not exist; run `dropout-lab data get uci/yacht`"):
        load("uci", name="yacht", root=str(boats))
    (boats / "aside").rename(folder / "index_test_1.txt")
    (folder / "data.txt").write_text((folder / "data.txt").read_text().replace("3.1", "3.2"))
    with pytest.raises(DataError, match="uci/yacht: its files are damaged or were changed"):
        load("uci", name="yacht", root=str(boats))


@pytest.mark.parametrize("name", PUBLISHED)
def test_each_set_has_its_rows_features_and_splits(name, shared):
    rows, features, splits, train, test = PUBLISHED[name]
    dataset = load("uci", name=name, root=str(shared))
    assert dataset.x.shape == (rows, features)
    assert (dataset.y.shape, dataset.task, dataset.classes) == ((rows,), "regression", ())
    assert len(dataset.splits) == splits
    assert np.array_equal(dataset.test, dataset.splits[0])
    for split, held in enumerate(dataset.splits):
        assert len(held) == test == rows - train
        theirs = np.loadtxt(shared / "uci" / name / f"index_train_{split}.txt").astype(int)
        assert sorted([*theirs, *held]) == list(range(rows))


def test_the_numbers_are_those_of_the_file(shared):
    dataset = load("uci", name="yacht", root=str(shared))
    values = np.loadtxt(shared / "uci" / "yacht" / "data.txt")
    assert np.array_equal(dataset.x, values[:, :6].astype(np.float32))
    assert np.array_equal(dataset.y, values[:, 6].astype(np.float32))


def test_the_settings_know_the_same_sets():
    assert set(uci.UCI) == set(uci.TABLES) == set(PUBLISHED)


def test_a_file_that_is_missing_or_altered_is_named(shared, tmp_path):
    folder = tmp_path / "uci" / "yacht"
    with pytest.raises(DataError, match=r"uci/yacht/data\.txt: does not exist; .*data get uci/yacht"):
        load("uci", name="yacht", root=str(tmp_path))
    shutil.copytree(shared / "uci" / "yacht", folder, copy_function=shutil.copyfile)
    folder.chmod(0o755)
    text = (folder / "data.txt").read_text()
    (folder / "data.txt").write_text(text.replace("0.11", "0.12", 1))
    with pytest.raises(DataError, match="uci/yacht: its files are damaged or were changed"):
        load("uci", name="yacht", root=str(tmp_path))
    (folder / "data.txt").write_text(text)
    (folder / "index_test_19.txt").unlink()
    with pytest.raises(DataError, match=r"index_test_19\.txt: does not exist"):
        load("uci", name="yacht", root=str(tmp_path))


@pytest.fixture
def songs(monkeypatch):
    """Seven songs in the format of YearPredictionMSD, two of them to test."""
    monkeypatch.setattr(uci, "YEAR_ROWS", 7)
    monkeypatch.setattr(uci, "YEAR_TEST", 2)
    values = np.random.default_rng(0).normal(size=(7, 91)).round(3)
    values[:, 0] = range(1990, 1997)
    return values, "\n".join(",".join(f"{v:g}" for v in row) for row in values) + "\n"


def test_year_prediction_is_read_as_text_or_in_its_archive(songs, tmp_path):
    values, text = songs
    folder = tmp_path / "uci" / "YearPredictionMSD"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "yearpredictionmsd.zip", "w") as archive:
        archive.writestr("YearPredictionMSD.txt", text)
    packed = uci.year_prediction_msd(str(tmp_path))
    (folder / "YearPredictionMSD.txt").write_text(text)
    for dataset in (packed, uci.year_prediction_msd(str(tmp_path))):
        assert np.allclose(dataset.x, values[:, 1:])
        assert dataset.y.tolist() == list(range(1990, 1997))
        assert dataset.test.tolist() == [5, 6]


@pytest.mark.parametrize("broken", ["cut", "short line", "word", "no archive"])
def test_a_broken_year_prediction_is_refused(broken, songs, tmp_path):
    folder = tmp_path / "uci" / "YearPredictionMSD"
    folder.mkdir(parents=True)
    lines = songs[1].splitlines()
    if broken == "no archive":
        (folder / "yearpredictionmsd.zip").write_bytes(b"PK\x03\x04 and no more")
    elif broken == "cut":
        (folder / "YearPredictionMSD.txt").write_text("\n".join(lines[:5]))
    elif broken == "word":
        (folder / "YearPredictionMSD.txt").write_text("\n".join(["x" + lines[0], *lines[1:]]))
    else:
        (folder / "YearPredictionMSD.txt").write_text("\n".join([*lines[:-1], lines[-1][:40]]))
    with pytest.raises(DataError, match="download it again"):
        uci.year_prediction_msd(str(tmp_path))
