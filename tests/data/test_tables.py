"""``.csv`` files: what is read, and how what is wrong is said."""

import pytest

from dropout_lab.data import DataError
from dropout_lab.data.tables import read_csv


def csv(path, text):
    (path / "d.csv").write_text(text)
    return path / "d.csv"


def test_a_csv_of_numbers_and_words(tmp_path):
    path = csv(tmp_path, "a,kind,b\n1,x,2.5\n-3e2,y,0\n5,x,1\n\n\n")
    found = read_csv(path, "kind", "auto")
    assert found["x"].tolist() == [[1, 2.5], [-300, 0], [5, 1]]
    assert found["x"].flags.writeable  # torch warns of what is not
    assert (found["y"].tolist(), found["classes"].tolist()) == ([0, 1, 0], ["x", "y"])
    found = read_csv(csv(tmp_path, 'a,"the, b"\n1,2.5\n3,4\n'), "the, b", "auto")
    assert found["x"].tolist() == [[1], [3]]
    assert found["y"].tolist() == [2.5, 4]


@pytest.mark.parametrize(
    ("text", "target", "message"),
    [
        ("a,b\n1,2\n3,oops\n", "a", r"line 3, column 'b': 'oops' is not a finite number"),
        ("a,b,b\n1,2,3\n", "a", "line 1 has more than one column 'b'"),
        ("a,b\n1,2\n\n3,x\n", "a", r"line 3, column 'b': holds no value"),
        ("a,b\n1,2\n1,nan\n", "a", r"line 3, column 'b': holds no value"),
        ("a,b\n1,2\n1\n", "a", r"line 3, column 'b': holds no value"),
        ("a,b\n1,2\n3,\n", "a", r"line 3, column 'b': holds no value"),
        ("a,b\n1,2\n3\n", "a", r"line 3, column 'b': holds no value"),
        ("a,b\n1,inf\n3,4\n", "a", r"line 2, column 'b': 'inf' is not a finite number"),
        ("a,b\n1,2\n,4\n", "a", r"line 3, column 'a': holds no value"),
        ("a,b\nx,2\n,4\n", "a", r"line 3, column 'a': holds no value"),
        ("a,b\n1,2\n3,4\n", "c", r"data.target=c: no such column in .*; it has a, b"),
        ("a,b\n1,2\n3,4\n", "", r"needs data.target=COLUMN; it has a, b"),
        ("a\n1\n2\n", "a", "a feature beside the target"),
        ("a,b\n", "a", "a line of numbers"),
        ("", "a", r"cannot be read as CSV"),
        ("a,b\n1,2\n3,4,5\n", "a", r"cannot be read as CSV \(Expected 2 fields in line 3, saw 3\)"),
        ("a,b\n1,2,3\n3,4,5\n", "a", r"cannot be read as CSV"),
    ],
)
def test_what_is_wrong_with_a_csv(text, target, message, tmp_path):
    with pytest.raises(DataError, match=message) as caught:
        read_csv(csv(tmp_path, text), target, "auto")
    assert "\n" not in str(caught.value)


def test_words_are_no_regression(tmp_path):
    with pytest.raises(DataError, match="line 2, column 'kind': 'x' is not a finite number"):
        read_csv(csv(tmp_path, "a,kind\n1,x\n2,y\n"), "kind", "regression")


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "d.csv").write_bytes(b"a,b\n\xff\xfe,1\n")
    with pytest.raises(DataError, match="cannot be read as CSV"):
        read_csv(tmp_path / "d.csv", "a", "auto")
