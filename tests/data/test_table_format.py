"""What a file is detected to be: encoding, separator, decimal sign, header."""

import gzip

import numpy as np
import pytest

from dropout_lab.data import DataError, text_encoding
from dropout_lab.data.table_format import FormatOptions
from dropout_lab.data.tables import TableOptions, read_table


def read(folder, content, target="y", name="d.csv", options=(), **given):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(folder / name, TableOptions(target, **dict(options)), FormatOptions(**given))


def notes(found):
    return found["notes"].tolist()


PLAIN = "a,b,y\n0.5,2,no\n1.5,1,yes\n2.5,7,no\n"


@pytest.mark.parametrize(
    ("text", "noted"),
    [
        (PLAIN, []),
        (PLAIN.replace(",", " , "), []),
        (PLAIN.replace("\n", "\r\n"), []),
        (PLAIN.replace("\n", "\r"), []),
        ("\ufeff" + PLAIN, []),
        (PLAIN.replace(",", ";"), ["separator semicolon"]),
        (PLAIN.replace(",", "\t"), ["separator tab"]),
        (PLAIN.replace(",", "|"), ["separator pipe"]),
        (PLAIN.replace(",", "   "), ["separator white space"]),
        (PLAIN.replace(",", " \t").replace("\n", " \n  "), ["separator tab"]),
        (PLAIN.replace(",", ";").replace(".", ","), ["separator semicolon", "decimal comma"]),
        (PLAIN.replace(",", "\t").replace(".", ","), ["separator tab", "decimal comma"]),
        (PLAIN.replace(",", " ").replace(".", ","), ["separator white space", "decimal comma"]),
        ("sep=;\n" + PLAIN.replace(",", ";"), ["separator semicolon"]),
        ("# made by hand\n#\n" + PLAIN, ["2 lines of comments skipped"]),
        ("# " + PLAIN, []),
        ("# of hand\n# " + PLAIN.replace(",", " "), ["separator white space", "1 line of comments skipped"]),
        (PLAIN.replace("a,b,y", '"a","b","y"').replace("no", '"no"'), []),
    ],
)
def test_separators_decimals_and_comments(text, noted, tmp_path):
    found = read(tmp_path, text)
    assert found["x"].tolist() == [[0.5, 2], [1.5, 1], [2.5, 7]]
    assert [found["classes"][i] for i in found["y"]] == ["no", "yes", "no"]
    assert (found["columns"].tolist(), notes(found)) == (["a", "b"], noted)


def test_quoted_cells_do_not_confuse_the_detection(tmp_path):
    rows = [f'"x;{i};{i};z","1;2",{i},{"ab"[i % 2]}' for i in range(4)]
    found = read(tmp_path, "\n".join(['"s;t;u;v",w,i,y', *rows]), options={"drop": ["i"]}.items())
    assert found["columns"].tolist() == ["s;t;u;v"] * 4 + ["w"]
    rows = [f'{i}.5;"a, b, c, {i % 2}";{"ab"[i % 2]}' for i in range(4)]
    found = read(tmp_path, "\n".join(["u;s;y", *rows]))
    assert (found["columns"].tolist(), notes(found)[0]) == (["u", "s", "s"], "separator semicolon")


def test_quotes_that_do_not_enclose_are_text(tmp_path):
    found = read(tmp_path, 'y\ts\nham\t"so" he said\nspam\tthe "end\nham\t"so" he said\nspam\tx\n')
    assert found["x"].shape == (4, 3)
    assert "quotes are read as text" in notes(found)


def test_a_given_separator_is_used(tmp_path):
    found = read(tmp_path, PLAIN.replace(",", ":"), separator=":")
    assert found["x"].tolist() == [[0.5, 2], [1.5, 1], [2.5, 7]]
    assert read(tmp_path, "a;b,y\n1;2,0\n3;4,1\n", separator="comma")["columns"].tolist() == ["a;b"] * 2


def test_thousands_are_not_guessed(tmp_path):
    with pytest.raises(DataError, match="'1,234' may be a decimal number or one with separators of thousands; data"):
        read(tmp_path, "a;y\n1,234;0\n2,500;1\n")
    assert read(tmp_path, "a;y\n1,234;0\n2,500;1\n", decimal="comma")["x"].tolist() == [[1.234], [2.5]]
    with pytest.raises(DataError, match="'1,234' is not a finite number; write it without thousands separators"):
        read(tmp_path, "a;y\n1,234;0\n2,500;1\n", decimal="point")
    assert read(tmp_path, "a;y\n0,234;0\n2,500;1\n")["x"].tolist() == [[0.234], [2.5]]
    with pytest.raises(DataError, match=r"line 2, column 'a': '1\.234,5' is not a finite number; write numbers"):
        read(tmp_path, "a;b;y\n1.234,5;1,5;0\n2.500,5;2,5;1\n")


@pytest.mark.parametrize("separator", [";", "\t", "|", " "])
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("u;a;y\n0;976;0\n1;5.125;1\n2;12;0\n", "line 3, column 'a': '5.125'"),
        ("u;a;y\n0;1.500;0\n1;985;1\n2;NA;0\n", "line 2, column 'a': '1.500'"),
        ("u;a;y\n0;976;0\n5;-127;1\n2;-5.125;0\n", "line 4, column 'a': '-5.125'"),
        ("u;y\n0;976\n5;127\n2;5.125\n", "line 4, column 'y': '5.125'"),
    ],
)
def test_points_that_may_separate_thousands_are_not_guessed(text, place, separator, tmp_path):
    text = text.replace(";", separator)
    with pytest.raises(
        DataError, match=rf"{place} may be a decimal .*; write it without .*data\.decimal=point"
    ) as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)
    found = read(tmp_path, text, decimal="point", options={"missing": "drop"}.items())
    assert {1.5, 5.125, -5.125} & {*found["x"].ravel().tolist(), *found["y"].tolist()}


@pytest.mark.parametrize(
    "cells", ["1.5 2.125 7", "0.125 2.125 7", "1.125 2.250 7.500", "1.1250 2 7", "1.125 1e3 7.5", "1.125 7 1000.125"]
)
def test_points_with_other_counts_of_digits_are_decimal(cells, tmp_path):
    rows = [f"{cell};{'uvw'[i]}\n" for i, cell in enumerate(cells.split())]
    found = read(tmp_path, "a;y\n" + "".join(rows))
    assert found["x"][:, 0].tolist() == [float(cell) for cell in cells.split()]


def test_another_column_shows_that_points_are_decimal(tmp_path):
    assert read(tmp_path, "a;b;y\n1.125;0.5;0\n7;0.25;1\n")["x"].tolist() == [[1.125, 0.5], [7, 0.25]]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("cp1252", "cp1252"), ("latin-1", "cp1252"), ("utf-16", "utf-16"), ("utf-32", "utf-32"), ("utf-8", "")],
)
def test_encodings(text, encoding, tmp_path):
    found = read(tmp_path, "größe,y\n1,né\n2,ü\n3,né\n".encode(text))
    assert (found["columns"].tolist(), found["classes"].tolist()) == (["größe"], ["né", "ü"])
    assert notes(found)[:1] == ([f"encoding {encoding}"] if encoding else notes(found)[:1])


def test_an_encoding_is_that_of_the_whole_file(tmp_path, monkeypatch):
    monkeypatch.setattr(text_encoding, "CHUNK", 5)
    content = ("a,y\n" + "1,b\n" * 50).encode() + "2,é\n".encode("latin-1")
    assert read(tmp_path, content)["classes"].tolist() == ["b", "é"]
    assert read(tmp_path, "a,y\n1,é\n2,€\n" * 1)["classes"].tolist() == ["é", "€"]  # signs cut by the end of a chunk
    with pytest.raises(
        DataError, match=r"is not UTF-8 text \(at byte 206\); set data.encoding to the encoding of the file"
    ):
        read(tmp_path, content, encoding="utf-8")
    given = read(tmp_path, "a,y\n1,да\n2,нет\n".encode("cp1251"), encoding="cp1251")
    assert given["classes"].tolist() == ["да", "нет"]


@pytest.mark.parametrize(
    ("text", "target", "names"),
    [
        ("5.1,3.5,setosa\n4.9,3.0,virginica\n5.0,3,setosa\n", "3", ["1", "2"]),
        ("5.1,?,1\n4.9,3.0,0\n", "3", ["1", "2"]),
        ("p,x,s\ne,x,y\np,b,s\n", "1", ["2", "3"]),
        ("1,2,3\n4,5,6\n", "3", ["1", "2"]),
        ("a,y\nu,v\nw,x\n", "y", ["a"]),
        (",0,1,2\n0,4.5,2,0\n1,3,3,1\n", "2", ["0", "1"]),
        ("0,1,2,3\n4.5,2,0,1\n3.5,2,0,0\n", "3", ["0", "1", "2"]),
        ("name,2019,2020\nu,5,0\nu,6,1\n", "2020", ["name", "2019"]),
    ],
)
def test_headers(text, target, names, tmp_path):
    found = read(tmp_path, text, target, options={"missing": "mean"}.items())
    assert list(dict.fromkeys(found["columns"].tolist())) == names
    assert any(note.startswith("no header; columns are named 1 to") for note in notes(found)) == (names[0] in "12")


def test_a_header_is_given(tmp_path):
    found = read(tmp_path, "1,2,3\n4,5,0\n5,5,1\n", "3", header="true")
    assert (found["columns"].tolist(), found["x"].tolist()) == (["1", "2"], [[4, 5], [5, 5]])
    found = read(tmp_path, "u,v\nu,w\nx,v\n", "2", header="false")
    assert (found["x"].shape, found["classes"].tolist()) == ((3, 2), ["v", "w"])
    with pytest.raises(
        DataError, match=r"its columns are 1, 2, 3; set data\.header=true if the first line contains names"
    ):
        read(tmp_path, "1,2,3\n4,5,0\n", "year")


def test_row_names_as_R_writes_them(tmp_path):
    found = read(tmp_path, '"a" "y"\n"1" 5.5 "u"\n"2" 6 "v"\n"3" 7 "u"\n')
    assert (found["columns"].tolist(), found["x"].tolist()) == (["a"], [[5.5], [6], [7]])
    assert "first cells, which have no name in the header, are read as row names" in notes(found)


@pytest.mark.parametrize("cells", ['"17" "3" "5"', "0 1 2", "1 2 3", "ann bob cyd"])
def test_first_cells_without_a_name_may_be_row_names(cells, tmp_path):
    rows = [f"{cell},{i}.5,{'uv'[i % 2]}\n" for i, cell in enumerate(cells.split())]
    found = read(tmp_path, "a,y\n" + "".join(rows))
    assert "first cells, which have no name in the header, are read as row names" in notes(found)
    assert found["x"][:, -1].tolist() == [0.5, 1.5, 2.5]
    assert found["y"].tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("y,a,t", ["pos,0.126,'x, z'", "neg,0.2,'x, z'", "pos,0.3,'y, z'"]),
        ("y,a,t", ["1,0,5,3", "0,1,25,4", "1,2,5,3"]),
        ("price,size,y", ["12,5,3,pos", "13,1,4,neg", "9,5,7,pos"]),
        ("a,b,y", [".1,.2,pos,2", ".2,.3,neg,3", ".5,.7,pos,4"]),
        ("a,t,y", ["0.126,'x, z',pos", "0.2,'x, z',neg", "0.3,'y, z',pos"]),
        ("text,y", ["free cash, now,spam", "see you, bye,ham", "win, today,spam"]),
        ("year,price,y", ["2001,5,3,pos", "2002,1,4,neg", "2003,5,7,pos"]),
        ("y,a,t", ['"pos",1,x,z', '"neg",2,x,z', '"pos",3,y,z']),
    ],
)
def test_a_cell_more_than_the_header_does_not_shift_the_columns(header, rows, tmp_path):
    width = header.count(",") + 1
    message = rf"line 3 has {width + 1} cells, but the header has {width} names; .* double quotes, .* data\.separator"
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, "\n".join(["# made by hand", header, *rows]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,y\n1,\x000\n2,1\n", "contains NUL characters, so it is not text"),
        ("a,y\n1,0\n2,1\n".encode("utf-16-le"), "data.encoding=utf-16-le or utf-16-be reads UTF-16 without a byte"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is an image; data=folder reads images by class"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "is an image"),
        (b"PK\x03\x04\x14\x00", "is an Excel workbook or another zip archive; save it as CSV"),
        (gzip.compress(b"a,y\n1,2\n", mtime=0), r"is compressed with gzip; rename it to end in \.gz"),
    ],
)
def test_files_of_another_kind(content, message, tmp_path):
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_gzip_that_is_none_or_not_whole_or_too_large(tmp_path, monkeypatch):
    whole = gzip.compress(np.random.default_rng(0).bytes(3000).hex().encode())
    for content in (b"a,y\n1,2\n", whole[:-9], whole[:1500], whole[:200] + b"\xff" * 50 + whole[250:]):
        with pytest.raises(DataError, match="is not a gzip file, or is incomplete"):
            read(tmp_path, content, name="d.csv.gz")
    monkeypatch.setattr(text_encoding, "LARGEST", 1 << 20)
    monkeypatch.setattr(text_encoding, "CHUNK", 1 << 16)
    bomb = gzip.compress(b"a,y\n" + b"1,0\n" * (1 << 19))
    assert len(bomb) < 10_000
    with pytest.raises(DataError, match="holds more than 0 GiB"):
        read(tmp_path, bomb, name="d.csv.gz")


def test_a_long_file_is_detected_from_its_beginning(tmp_path, monkeypatch):
    monkeypatch.setattr("dropout_lab.data.table_format.SAMPLE", 50)
    rows = [f'{i}.5;"one;\n{"two" * (i % 2)}";{i % 2}' for i in range(40)]
    found = read(tmp_path, "\n".join(["a;s;y", *rows]))
    assert found["x"].shape == (40, 3)
