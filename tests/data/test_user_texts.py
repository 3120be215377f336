"""Texts of the user's own."""

from pathlib import Path

import numpy as np
import pytest

from dropout_lab.data import DataError, fingerprint, load
from dropout_lab.data import user_files as own
from dropout_lab.errors import ConfigError
from dropout_lab.trial import Trial, canonical

TABLE = 'id,body,kind\n1,"good, really",ham\n2,"buy\nthis",spam\n\n3,"he said ""no""",ham\n'


@pytest.fixture(autouse=True)
def no_memory(monkeypatch):
    """Look at the disk each time, whatever another test has seen."""
    monkeypatch.setattr(own, "LOOK_AGAIN", 1e-9)


@pytest.fixture
def mail(folder):
    """A folder of texts in two classes."""
    for name, text in {"ham/1": "Dear Sir,\nwell", "ham/sub/2": "\ufeffYours", "spam/1": "BUY now now"}.items():
        path = folder / "mail" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "mail/spam/picture.png").write_bytes(b"\xff")
    return folder / "mail"


def read(dataset):
    rows = [" ".join(dataset.tokens[i] for i in row if i >= 0) for row in dataset.x]
    return [
        (text, dataset.classes[label] if dataset.classes else label)
        for text, label in zip(rows, dataset.y, strict=True)
    ]


def table(text, name="mail.csv"):
    Path(name).write_bytes(text.encode())
    return {"path": name, "text": "body", "target": "kind"}


def test_a_folder_for_each_class(mail):
    dataset = load("texts", path="mail", tokenizer="words")
    assert read(dataset) == [("dear sir , well", "ham"), ("yours", "ham"), ("buy now now", "spam")]
    assert (dataset.task, dataset.test, dataset.x.dtype) == ("classification", None, np.int32)


def test_a_test_part_of_its_own(mail, folder):
    mail.rename(folder / "train")
    (folder / "both").mkdir()
    (folder / "train").rename(folder / "both/train")
    (folder / "both/test/spam").mkdir(parents=True)
    (folder / "both/test/spam/9.txt").write_text("Buy")
    dataset = load("texts", path="both")
    assert dataset.test.tolist() == [3]
    assert read(dataset)[3] == ("Buy", "spam")


def test_splits_leftovers_and_encodings_of_texts(folder):
    for split, text in (("Training", "one"), ("DEV", "two"), ("test", "three")):
        for name in ("ham", "spam"):
            path = folder / "mail" / split / name / "1.TXT"
            path.parent.mkdir(parents=True)
            path.write_bytes(text.encode())
            (path.parent / "._1.txt").write_bytes(b"\xff\x81")
            (path.parent / ".ipynb_checkpoints").mkdir()
            (path.parent / ".ipynb_checkpoints/1-checkpoint.txt").write_text(text)
    (folder / "mail/DEV/ham/1.TXT").write_bytes("caf\u00e9".encode("cp1252"))
    (folder / "mail/test/ham/1.TXT").write_bytes("caf\u00e9".encode("utf-16"))
    dataset = load("texts", path="mail")
    assert [text for text, _ in read(dataset)] == ["one", "one", "caf\u00e9", "two", "caf\u00e9", "three"]
    assert (dataset.val.tolist(), dataset.test.tolist()) == ([2, 3], [4, 5])
    assert dataset.notes == ("12 files skipped: 12 hidden", "1 file read as UTF-16", "1 file read as cp1252")


def test_a_column_of_texts(folder):
    dataset = load("texts", **table(TABLE), tokenizer="words")
    assert read(dataset) == [("good , really", "ham"), ("buy this", "spam"), ('he said " no "', "ham")]
    scores = TABLE.replace("ham", "0.5").replace("spam", "2")
    assert read(load("texts", **table(scores)))[1] == ("buy this", 2.0)
    whole = TABLE.replace("ham", "1").replace("spam", "2")
    assert read(load("texts", **table(whole)))[1] == ("buy this", "2")
    assert read(load("texts", **table(whole), task="regression"))[1] == ("buy this", 2.0)


def test_words_that_look_missing_or_long_are_texts(folder):
    dataset = load("texts", **table(f"body,kind\nNA,a\nnull,b\n007,a\n{'x' * 200_000},b\n"), tokenizer="spaces")
    assert [text for text, _ in read(dataset)][:3] == ["NA", "null", "007"]
    assert len(dataset.tokens[3]) == 200_000


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (TABLE, {"text": ""}, "mail.csv: requires data.text=COLUMN; its columns are id, body, kind"),
        (TABLE, {"target": ""}, "mail.csv: requires data.target=COLUMN; its columns are id, body, kind"),
        (TABLE, {"text": "bdy"}, "data.text=bdy: no such column in mail.csv; did you mean 'body'?"),
        (TABLE, {"target": "x"}, "data.target=x: no such column in mail.csv; its columns are id, body, kind"),
        (TABLE, {"target": "body"}, "data.target=body: is the column of the texts; the target must be another column"),
        (
            TABLE + "4, ,ham\n",
            {},
            "mail.csv: line 7, column 'body': is empty; 1 row has missing cells; data.missing=drop",
        ),
        (TABLE + "4,yes,\n", {}, "mail.csv: line 7, column 'kind': is empty"),
        (TABLE + "4,yes\n", {}, "mail.csv: line 7 has 2 cells instead of 3"),
        (TABLE + '4,"yes\n', {}, "mail.csv: line 7 cannot be read (unexpected end of data)"),
        (
            TABLE,
            {"task": "regression"},
            "mail.csv: line 2, column 'kind': 'ham' is not a number; regression requires numbers",
        ),
        (
            TABLE.replace("spam", "ham"),
            {},
            "mail.csv, column 'kind': is 'ham' for every example; classification requires at least two",
        ),
        (
            TABLE.replace("spam", "0.5").replace("ham", "nan"),
            {},
            "mail.csv: line 2, column 'kind': is empty; 2 rows have missing cells; data.missing=drop",
        ),
        (
            TABLE,
            {"missing": "mean"},
            "data.missing=mean: does not apply to texts; data.missing=drop removes rows without",
        ),
        ("id,body,kind\n", {}, "mail.csv: has no line after the header"),
        ("", {}, "mail.csv: is empty"),
    ],
)
def test_what_is_wrong_with_a_table_is_one_line(content, options, said, folder):
    with pytest.raises(DataError) as caught:
        load("texts", **table(content) | options)
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("spoil", "options", "said"),
    [
        (
            lambda mail: (mail / "spam/1.txt").write_text(" \n"),
            {},
            r"mail/spam/1\.txt: is empty; each text requires at least one token$",
        ),
        (lambda mail: (mail / "spam/1.txt").write_bytes(b"\xff\x81"), {}, r"mail/spam/1\.txt: is not UTF-8 or"),
        (lambda mail: (mail / "spam/1.txt").unlink(), {}, r"mail/spam: contains no text \(\.txt\); delete it"),
        (
            lambda mail: (mail / "spam").rename("x"),
            {},
            "mail: must contain one folder of texts per class, for at least two classes",
        ),
        (
            lambda mail: None,
            {"target": "kind"},
            "data.target=kind: applies to tables only; the classes of a folder are its",
        ),
        (
            lambda mail: None,
            {"text": "body"},
            "data.text=body: applies to tables only; the classes of a folder are its",
        ),
        (
            lambda mail: None,
            {"task": "regression"},
            "data.task=regression: applies to tables only; the classes of a folder",
        ),
    ],
)
def test_what_is_wrong_with_a_folder_is_one_line(spoil, options, said, mail):
    spoil(mail)
    with pytest.raises(DataError, match=said) as caught:
        load("texts", path="mail", **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "data=texts: requires data.path=FILE or FOLDER"),
        (["data.path=gone"], "data.path=gone: does not exist"),
        (
            ["data.path=x.md"],
            "data.path=x.md: must be a folder, or end in one of .csv, .tsv, .txt, .data; tables may also end in .gz",
        ),
    ],
)
def test_paths_that_lead_nowhere(words, line, config, folder):
    (folder / "x.md").write_text("x")
    with pytest.raises(ConfigError) as caught:
        canonical(config("data=texts", *words))
    assert str(caught.value) == line


def test_texts_are_known_by_what_they_hold(config, mail, folder):
    def identity(*words):
        return Trial(canonical(config("data=texts", *words)), 0).id

    first = identity("data.path=mail")
    mail.rename(folder / "post")
    assert identity("data.path=post") == first
    assert identity("data.path=gone", f"data.digest={fingerprint('texts', 'post')}") == first
    (folder / "post/spam/picture.png").unlink()
    assert identity("data.path=post") == first  # is no text
    (folder / "post/spam/1.txt").rename(folder / "post/spam/2.txt")
    assert identity("data.path=post") != first
    columns = ["data.text=body", "data.target=kind"]
    table(TABLE)
    before = identity("data.path=mail.csv", *columns)
    table(TABLE.replace("ham", "jam"))
    assert identity("data.path=mail.csv", *columns) != before


def test_columns_are_not_mistaken_in_the_cache(folder):
    """The names of columns that share letters, and spaces in them, make entries of their own."""
    options = table("a b,c,a,b c\nx,1,y,2\nz,2,w,1\n")
    first = load("texts", path=options["path"], text="a b", target="c")
    second = load("texts", path=options["path"], text="a", target="b c")
    assert (read(first), read(second)) == ([("x", "1"), ("z", "2")], [("y", "2"), ("w", "1")])
