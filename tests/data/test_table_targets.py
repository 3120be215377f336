"""Targets of tables that are almost numbers: formatted ones, and missing cells among numbers."""

import pytest

from dropout_lab.data import DataError
from dropout_lab.data.table_format import FormatOptions
from dropout_lab.data.tables import TableOptions, read_table
from dropout_lab.data.text import TextOptions
from dropout_lab.data.user_texts import read_column


def read(folder, labels, task="auto", missing="refuse", decimal="auto"):
    path = folder / "d.tsv"
    path.write_text("a\ty\n" + "".join(f"{i}.5\t{label}\n" for i, label in enumerate(labels)))
    return read_table(path, TableOptions("y", task, missing=missing), FormatOptions("tab", decimal=decimal))


@pytest.mark.parametrize("task", ["auto", "regression"])
@pytest.mark.parametrize(
    "labels",
    [
        ["1,500", "976", "2,250"],
        ["1,500", "1,600", "1,500"],
        ["63 kg", "70 kg", "63 kg"],
        ["63kg", "70kg", "70.5kg"],
        ["7%", "0", "7%"],
        ["$40", "$50", "NA"],
        ["12 months", "7 Months", "0"],
        ["1 234", "976", "1 234"],
    ],
)
def test_formatted_numbers_are_no_classes(labels, task, tmp_path):
    message = rf"line 2, column 'y': '{labels[0].replace('$', '[$]')}' is not a plain number; write numbers without .*"
    with pytest.raises(DataError, match=message + "data.task=classification") as caught:
        read(tmp_path, labels, task, decimal="point")
    assert "\n" not in str(caught.value)
    classes = read(tmp_path, labels, "classification", decimal="point")["classes"].tolist()
    assert sorted(classes) == sorted(set(labels))


def test_decimal_commas_of_a_target_name_the_decimal_sign(tmp_path):
    with pytest.raises(
        DataError, match=r"'0,5' is not a plain number; .*, or set data\.decimal=comma if it is a decimal"
    ):
        read(tmp_path, ["0,5", "1,25", "0,5"], decimal="point")


@pytest.mark.parametrize(
    "labels",
    [
        ["1st", "2nd", "3rd"],
        ["2D", "3D", "2D"],
        ["4th", "5th", "6th"],
        ["10-20", "20-30", "10-20"],
        ["5 kg", "7 lb", "5 kg"],
        ["7%", "high", "7%"],
        ["None", "Insomnia", "None"],
        ["True", "False", "nan"],
        ["1/2", "3/4", "?"],
    ],
)
def test_words_with_digits_are_classes(labels, tmp_path):
    assert read(tmp_path, labels)["classes"].tolist() == sorted(set(labels))


@pytest.mark.parametrize("task", ["auto", "regression"])
@pytest.mark.parametrize("word", ["nan", "?", "N/A", "NULL", "-", "None", "."])
def test_missing_words_among_numbers_are_missing_targets(word, task, tmp_path):
    labels = ["0", word, "1", "0", word.upper()]
    message = "line 3, column 'y': is empty; 2 rows have missing cells; data.missing=drop removes them"
    for missing in ("refuse", "mean", "median"):
        with pytest.raises(DataError, match=message):
            read(tmp_path, labels, task, missing)
    found = read(tmp_path, labels, task, "drop")
    assert (found["x"].ravel().tolist(), found["y"].tolist()) == ([0.5, 2.5, 3.5], [0, 1, 0])
    assert "2 rows with missing cells removed" in found["notes"].tolist()
    assert ("classes" in found) == (task == "auto")


def test_missing_words_are_classes_if_the_task_says_so(tmp_path):
    found = read(tmp_path, ["0", "?", "1", "nan"], "classification")
    assert found["classes"].tolist() == ["0", "1", "?", "nan"]


def test_missing_targets_of_texts(tmp_path):
    path, how = tmp_path / "t.tsv", TextOptions("words", 0, "auto")
    path.write_text("text\ty\n" + "".join(f"some words here\t{label}\n" for label in "01?01"))
    with pytest.raises(DataError, match="line 4, column 'y': is empty; 1 row has missing cells"):
        read_column(path, "text", "y", "auto", "refuse", how)
    found = read_column(path, "text", "y", "auto", "drop", how)
    assert "1 row with missing cells removed" in found["notes"].tolist()


def test_a_point_among_decimal_commas_names_the_decimal_sign(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("a;y\n1,5;0\n9.78;1\n2,25;0\n")
    with pytest.raises(
        DataError, match=r"line 3, column 'a': '9\.78' is .* contains a point, but the decimal sign of the"
    ):
        read_table(path, TableOptions("y"), FormatOptions(decimal="comma"))
