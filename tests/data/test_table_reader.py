"""Tables in text files: which numbers, words and labels are read, and how what is wrong is said."""

import csv
import gzip

import numpy as np
import pytest

from dropout_lab.data import DataError, load
from dropout_lab.data.table_rows import records
from dropout_lab.data.tables import TableOptions, read_table

NAN = np.nan


def read(folder, text, target="y", name="d.csv", **options):
    (folder / name).write_text(text)
    task = options.pop("task", "auto")
    return read_table(folder / name, TableOptions(target, task, **options))


def notes(found):
    return found["notes"].tolist()


def test_numbers_and_a_target_of_words(tmp_path):
    found = read(tmp_path, "a,y,b\n1,x,2.5\n-3e2,y,0\n5,x,1\n\n\n")
    assert found["x"].tolist() == [[1, 2.5], [-300, 0], [5, 1]]
    assert (found["x"].dtype, found["x"].flags.writeable) == (np.float64, True)  # torch warns of what is not writeable
    assert (found["y"].tolist(), found["classes"].tolist()) == ([0, 1, 0], ["x", "y"])
    assert (found["columns"].tolist(), notes(found)) == (["a", "b"], [])
    found = read(tmp_path, 'a,"the, b"\n1,2.5\n3,4\n5,1\n', "the, b")
    assert (found["x"].tolist(), found["y"].tolist()) == ([[1], [3], [5]], [2.5, 4, 1])


def test_numbers_are_exact(tmp_path):
    values = [0.1, 1 / 3, 1e-300, 123456789.123456789, 2**53 - 1, 1e-17]
    found = read(tmp_path, "a,y\n" + "".join(f"{value!r},{value!r}\n" for value in values), task="regression")
    assert found["x"][:, 0].tolist() == values == found["y"].tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a,y\nx,1\n1,2\n2,2\n3,2\n",
            r"line 2, column 'a': 'x' is not a finite number like the other cells of the column",
        ),
        ("a,y\n1,2\n\n3,0\nx,1\n", r"line 5, column 'a': 'x' is not a finite number"),
        ('a,y\n"1\n",2\nx,1\n', r"line 4, column 'a': 'x' is not a finite number"),
        ("a,y\n1,2\n1_0,3\n", "'1_0' is not a finite number"),
        ("a,y\n1,2\n\u0661\u0662,3\n", "'\u0661\u0662' is not a finite number"),
        ("a,y\n1,2\ninf,3\n", "line 3, column 'a': 'inf' is not a finite number"),
        ('a,y\n1,2\n"1,234",3\n', "'1,234' is not a finite number; write it without thousands separators"),
        ("a,y\n$3,2\n$4,3\n", r"'\$3' is not a finite number; write numbers without thousands separators, units"),
        ("a,y\n1,2\n1e39,3\n", r"line 3, column 'a': 1e\+39 is too large; numbers must be within 1.0e\+37"),
        ("a,y\n1,2\n1e999,3\n", "line 3, column 'a': inf is too large"),
        ("a,y\n1,0.5\n2,-4e38\n", r"line 3, column 'y': '-4e38' is too large"),
        ("a,a,y\n1,2,3\n", "the header has more than one column 'a'"),
        ("a, a ,y\n1,2,3\n", "the header has more than one column 'a'"),
        ("a,y\n1,2\n3\n", "line 3 has 1 cell instead of 2"),
        ("a,y\n1,2\n3,4,5\n", "line 3 has 3 cells instead of 2"),
        ("a,b,y\n1,2\n3,4\n", "line 2 has 2 cells instead of 3"),
        ('a,y\n1,2\n"3,4\n', "line 3 cannot be read"),
        ("a,y\n1,2\n3,\n", "line 3, column 'y': is empty; 1 row has missing cells; data.missing=drop removes"),
        ("a,y\nx,2\n,4\ny,3\nx,1\n", "line 3, column 'a': is empty; 1 row has missing cells; data.missing=mean"),
        ("a,y\n,2\n,4\n", r"column 'a': the column is empty; data.drop=\[a\] excludes it"),
        ("y\n1\n2\n", "must have a feature in addition to the target 'y'"),
        ("a,y\n", "has no line after the header"),
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,y\n1,k\n2,k\n", "column 'y': is 'k' for every example; classification requires at least two classes"),
    ],
)
def test_what_is_wrong_with_a_table_is_one_line(text, message, tmp_path):
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "d.csv"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "c"}, r"data.target=c: no such column in .*; it has alpha, beta, y$"),
        ({"target": "alpah"}, "data.target=alpah: no such column in .*; did you mean 'alpha'?"),
        ({"target": ""}, "needs data.target=COLUMN; it has alpha, beta, y"),
        ({"drop": ["betta"]}, "data.drop=betta: no such column in .*; did you mean 'beta'?"),
        ({"columns": ["alfa"]}, "data.columns=alfa: no such column in .*; did you mean 'alpha'?"),
        ({"columns": ["alpha", "y"]}, r"data.columns=\[alpha,y\]: 'y' is the target"),
        ({"drop": ["y"]}, r"data.drop=\[y\]: 'y' is the target"),
        ({"drop": ["alpha", "beta"]}, "must have a feature in addition to the target 'y'"),
    ],
)
def test_columns_that_are_not_there(options, message, tmp_path):
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, "alpha,beta,y\n1,2,0\n3,5,1\n", **options)
    assert "\n" not in str(caught.value)


def test_columns_are_chosen_and_dropped(tmp_path):
    text = "id,a,b,y\nx1,1,5,0\nx2,2,6,1\n"
    assert read(tmp_path, text, drop=["id"])["columns"].tolist() == ["a", "b"]
    assert read(tmp_path, text, columns=["b", "a"])["x"].tolist() == [[1, 5], [2, 6]]
    assert read(tmp_path, text, columns=["a", "b"], drop=["a"])["x"].tolist() == [[5], [6]]


def test_words_become_indicators(tmp_path):
    found = read(tmp_path, "s,a,t,y\nred,1,yes,0\n blue ,2,no,1\nred,3,yes,1\ngreen,4,no,0\n")
    assert found["columns"].tolist() == ["s", "s", "s", "a", "t", "t"]
    assert found["x"].tolist() == [
        [0, 0, 1, 1, 0, 1],
        [1, 0, 0, 2, 1, 0],
        [0, 0, 1, 3, 0, 1],
        [0, 1, 0, 4, 1, 0],
    ]
    assert "2 columns of words became 5 indicators" in notes(found)


def test_some_numbers_among_words_are_words_too(tmp_path):
    rows = [f"{doors},{i % 2}" for i, doors in enumerate(["2", "3", "5more", "02"] * 5)]
    found = read(tmp_path, "\n".join(["doors,y", *rows]))
    assert found["x"][:4].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]
    assert "numbers in doors are read as words, like other cells of these columns" in notes(found)


def test_too_many_different_words_are_refused(tmp_path):
    rows = [f"Mr. {i},c{i},w{i % 50},{i % 2}" for i in range(60)]
    text = "\n".join(["name,ticket,w,y", *rows])
    with pytest.raises(
        DataError, match=r"'name' contains 60 distinct words, .* data.drop=\[name,ticket\] excludes them"
    ):
        read(tmp_path, text)
    assert read(tmp_path, text, drop=["name", "ticket"])["x"].shape == (60, 50)


def test_missing_cells(tmp_path):
    text = "a,s,y\n1,u,0\nNA,u,1\n3,,0\n?,v,1\n"
    with pytest.raises(DataError, match="line 3, column 'a': is empty; 3 rows have missing cells; data"):
        read(tmp_path, text)
    found = read(tmp_path, text, missing="median")
    assert np.array_equal(found["x"], [[1, 1, 0], [NAN, 1, 0], [3, NAN, NAN], [NAN, 0, 1]], equal_nan=True)
    assert "3 missing cells filled with the median of the training split: a 2, s 1" in notes(found)
    found = read(tmp_path, text.replace("?,v", "5,u"), missing="drop")
    assert found["x"].tolist() == [[1, 1], [5, 1]]
    assert "2 rows with missing cells removed" in notes(found)
    with pytest.raises(DataError, match=r"line 3, column 'y': is empty; 1 row has .* data\.missing=drop removes"):
        read(tmp_path, "a,y\n1,0\n2,\n3,1\n", missing="mean")
    assert len(read(tmp_path, "a,y\n1,0\n2,\n3,1\n", missing="drop")["y"]) == 2


@pytest.mark.parametrize("cell", ["NA", "nan", "NaN", "null", "None", "N/A", "?", "-", "", " "])
def test_the_usual_words_for_missing(cell, tmp_path):
    found = read(tmp_path, f"a,y\n1,0\n{cell},1\n3,0\n", missing="mean")
    assert np.array_equal(found["x"][:, 0], [1, NAN, 3], equal_nan=True)
    words = read(tmp_path, f"a,y\nu,0\n{cell},1\nu,0\nu,1\n", missing="mean")  # but in a column of words, a word
    assert words["x"].shape == (4, 2 if cell.strip() else 1)


@pytest.mark.parametrize("word", ["None", "NA", "nan", "null", "N/A", "?", "inf"])
def test_words_of_the_target_are_classes(word, tmp_path):
    found = read(tmp_path, f"a,y\n1,{word}\n2,Insomnia\n")
    assert set(found["classes"]) == {word, "Insomnia"}
    found = read(tmp_path, f"a,y\n1,{word}\n2,0\n3,1\n", task="classification")
    assert set(found["classes"]) == {word, "0", "1"}


@pytest.mark.parametrize("task", ["auto", "regression"])
def test_a_word_among_targets_that_are_numbers(task, tmp_path):
    text = "a,y\n1,0.5\n2,high\n3,1.5\n"
    with pytest.raises(DataError, match="line 3, column 'y': 'high' is not a number; "):
        read(tmp_path, text, task=task)
    assert len(read(tmp_path, text, task="classification")["classes"]) == 3


def test_labels_are_compared_as_they_are_written(tmp_path):
    found = read(tmp_path, "a,y\n1,007\n2,7\n3,10\n4, 7 \n")
    assert (found["classes"].tolist(), found["y"].tolist()) == (["007", "7", "10"], [0, 1, 2, 1])
    assert notes(found)[-1] == "labels '007' and '7' are equal numbers but separate classes"
    found = read(tmp_path, "a,y\n1,1.0\n2,1\n3,0\n5,10\n")
    assert found["classes"].tolist() == ["0", "1", "1.0", "10"]
    big = 2**70
    found = read(tmp_path, f"a,y\n1,{big + 1}\n2,{big}\n4,9\n")
    assert found["classes"].tolist() == ["9", str(big), str(big + 1)]
    found = read(tmp_path, "a,y\n1,no\n2,yes\n4,No\n")
    assert notes(found)[-1] == "labels 'No' and 'no' differ only in capitals or white space and are separate classes"
    assert read(tmp_path, "a,y\n1,+1\n2,-1\n")["classes"].tolist() == ["-1", "+1"]


def test_cells_in_messages_and_notes_are_short_and_of_one_line(tmp_path):
    found = read(tmp_path, '"the\n a",y\n1,"no\u200b"\n2,no\n3,"x\ny"\n')
    assert found["columns"].tolist() == ["the a"]
    assert "labels 'no' and 'no\\u200b' differ only in capitals or white space" in notes(found)[-1]
    for text in (f"a,y\n{'x' * 200_000},0\n1,1\n", f"{'a' * 200_000},b\n1,0\n2,1\n", f"a,y\n1,{'9' * 5000}\n2,0\n"):
        with pytest.raises(DataError) as caught:
            read(tmp_path, text, task="regression")
        assert len(str(caught.value)) < 400
    found = read(tmp_path, "a,b,y\nred,1,0\nRed,2,1\nred,2,1\nRed,1,0\n")
    assert "words that differ only in capitals or white space are separate words in a" in notes(found)


def test_many_whole_numbers_are_a_regression(tmp_path):
    rows = [f"{i % 7},{i}" for i in range(51)]
    assert "classes" not in read(tmp_path, "\n".join(["a,y", *rows]))
    assert len(read(tmp_path, "\n".join(["a,y", *rows[:50]]))["classes"]) == 50
    assert len(read(tmp_path, "\n".join(["a,y", *rows]), task="classification")["classes"]) == 51


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
@pytest.mark.parametrize("start", [0, 1])
def test_an_unnamed_column_that_counts_the_rows_is_left_out(name, start, tmp_path):
    rows = [f"{start + i},{i * i},{i % 2}" for i in range(5)]
    found = read(tmp_path, "\n".join([f"{name},a,y", *rows]))
    assert found["columns"].tolist() == ["a"]
    assert notes(found) == ["column 'Unnamed: 0', which counts the rows, is excluded"]
    twice = read(tmp_path, "\n".join([f"{name},Unnamed: 0.1,a,y", *(f"{i},{row}" for i, row in enumerate(rows))]))
    assert twice["columns"].tolist() == ["a"]


def test_other_columns_that_count_are_named(tmp_path):
    found = read(tmp_path, "id,a,y\n5,3,0\n6,1,1\n7,2,0\n")
    assert found["columns"].tolist() == ["id", "a"]
    assert notes(found) == ["id looks like a row number, which data.drop=[id] excludes"]
    found = read(tmp_path, ",a,y\n4,3,0\n2,1,1\n7,1,0\n")  # rows of a larger table in another order
    assert found["columns"].tolist() == ["Unnamed: 0", "a"]
    assert notes(found) == ['Unnamed: 0 looks like a row number, which data.drop=["Unnamed: 0"] leaves out']


def test_separators_at_the_ends_of_lines_make_no_column(tmp_path):
    wanted = [[1, 4], [2, 6]]
    rows = "1,4,0\n2,6,1\n"
    ended = rows.replace("\n", ",\n")
    for text in (f"a,b,y,\n{ended}", f"a,b,y\n{ended}", f"a,b,y,\n{rows}", f"a,b,y\n{rows},,\n,,\n"):
        assert read(tmp_path, text)["x"].tolist() == wanted, text


@pytest.mark.parametrize("name", ["d.CSV", "d.tsv", "d.Txt", "d.data", "d.csv.gz", "d.TSV.GZ"])
def test_suffixes(name, folder):
    content = b"a,y\n1,0\n2,1\n"
    (folder / name).write_bytes(gzip.compress(content) if name.lower().endswith("gz") else content)
    assert load("file", path=name, target="y").x.tolist() == [[1], [2]]


def test_blocks_of_rows_agree(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    words = ["u", "v", ""]
    rows = [
        f"{a},{words[k]},{'NA' if k else b},{k % 2}" for a, b, k in zip(*random.integers(0, 3, (3, 50)), strict=True)
    ]
    text = "\n".join(["a,s,b,y", *rows])
    whole = read(tmp_path, text, missing="mean")
    monkeypatch.setattr("dropout_lab.data.table_rows.BLOCK", 7)
    parts = read(tmp_path, text, missing="mean")
    assert np.array_equal(whole["x"], parts["x"], equal_nan=True)
    assert (whole["y"] == parts["y"]).all()


def test_a_generator_that_is_not_finished_leaves_the_limit_of_the_process():
    before = csv.field_size_limit()
    unfinished = records(["a,b\n", "1,2\n"], ",")
    assert next(unfinished) == (1, ["a", "b"])
    assert csv.field_size_limit() == before
    assert len(next(records([f'"{"b" * 140_000}",1\n'], ","))[1][0]) == 140_000
