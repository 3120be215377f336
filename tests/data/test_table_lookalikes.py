"""Tables as people have them, at the command line: each trains without preparation, or one line says the remedy."""

import gzip

import numpy as np
import pytest

RANDOM = np.random.default_rng(11)
N = 120
K = RANDOM.integers(0, 2, N)
U, V = RANDOM.normal(size=N) + 2 * K, RANDOM.normal(size=N)
SHORT = ["model.hidden=[4]", "train.epochs=2", "seeds=2", "rate=0.2"]


@pytest.fixture
def sweep(typed, folder):
    """Write a table and sweep over it; gives the status, the line about the data and the errors."""

    def run(name, content, *words, data="file", out="o"):
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        status, out, err = typed("sweep", f"data={data}", f"data.path={name}", *SHORT, *words, f"out={out}")
        return status, next((line for line in out.splitlines() if line.startswith("data: ")), ""), err

    return run


def lines(header, rows, end="\n"):
    return end.join([*([header] if header else []), *rows]) + end


def test_a_wine_table(sweep):
    rows = [f"{7 + u:.2f};{0.5 + v / 10:.3f};{'3' if k else '6'}" for u, v, k in zip(U, V, K, strict=True)]
    text = lines('"fixed acidity";"volatile acidity";"quality"', rows)
    status, said, err = sweep("winequality-red.csv", text, "data.target=quality")
    assert (status, err) == (0, "")
    assert said.startswith("data: winequality-red.csv, 120 rows, 2 features (separator semicolon), classes: 3 ")


def passengers():
    rows = []
    for i in range(N):
        age = "" if i % 6 == 1 else f"{25 + U[i]:.1f}"
        cabin = f"C{i}" if i % 4 == 0 else ""
        port = "" if i == 62 else "SCQ"[i % 3]
        rows.append(
            f'{i + 1},{K[i]},"Braund, Mr. Owen {i}",{"male" if V[i] > 0 else "female"},{age},A/5 {i},{cabin},{port}'
        )
    return lines("PassengerId,Survived,Name,Sex,Age,Ticket,Cabin,Embarked", rows)


def test_a_passenger_list(sweep):
    target = "data.target=Survived"
    status, said, err = sweep("titanic.csv", passengers(), target)
    assert (status, said) == (2, "")
    assert err == (
        "dropout-lab: titanic.csv: column 'Name' contains 120 distinct words, 'Ticket' contains 120 distinct words; "
        "at most 50 can become indicators; data.drop=[Name,Ticket] excludes them\n"
    )
    drop = "data.drop=[Name,Ticket,Cabin,PassengerId]"
    status, _, err = sweep("titanic.csv", passengers(), target, drop)
    assert status == 2
    assert err == (
        "dropout-lab: titanic.csv: line 3, column 'Age': is empty; 21 rows have missing cells; "
        "set data.missing=mean, median or drop\n"
    )
    status, said, err = sweep("titanic.csv", passengers(), target, drop, "data.missing=median")
    assert (status, err) == (0, "")
    noted = "2 columns of words became 5 indicators; 21 missing cells filled with the median of the training split: "
    assert f"120 rows, 6 features ({noted}Age 20, Embarked 1), classes: 0 " in said
    status, said, err = sweep("titanic.csv", passengers(), target, drop, "data.missing=drop", out="dropped")
    assert (status, err) == (0, "")
    assert "99 rows, 6 features (2 columns of words became 5 indicators; 21 rows with missing cells removed)" in said


@pytest.mark.parametrize("infer", ["monte_carlo", "ensemble"])
def test_filled_cells_in_every_way_of_predicting(infer, sweep, typed):
    words = ["data.target=Survived", "data.drop=[Name,Ticket,Cabin]", "data.missing=mean"]
    status, _, err = sweep("titanic.csv", passengers(), *words, f"infer={infer}", "save_predictions=true")
    assert (status, err) == (0, "")
    assert "nan" not in typed("table", "out=o")[1]


def test_spam_in_latin_1(sweep):
    texts = ["Go until jurong, crazy..", "WINNER!! £900 prize; call", 'he said ""no"" é', "ok"]
    rows = [f'{["ham", "spam"][i % 2]},"{texts[i % 4]} {i}",,,{"x" * (i == 3)}' for i in range(N)]
    content = lines("v1,v2,,,", rows, "\r\n").encode("latin-1")
    status, said, err = sweep("spam.csv", content, "data.target=v1", "data.text=v2", data="texts")
    assert (status, err) == (0, "")
    assert "120 documents of up to 9 tokens" in said
    assert "(encoding cp1252), classes: ham 60, spam 60" in said


def test_tabbed_messages_without_names(sweep):
    rows = [f'{["ham", "spam"][i % 2]}\t"Hello" he said, {i}; and more' for i in range(N)]
    words = ["data.target=1", "data.text=2"]
    status, said, err = sweep("SMSSpamCollection.txt", lines("", rows), *words, data="texts")
    assert (status, err) == (0, "")
    assert "(separator tab; quotes are read as text; no header; columns are named 1 to 2)" in said


def test_a_time_series_with_an_index(sweep):
    rows = [
        f"{i},2020-{1 + i // 28:02d}-{1 + i % 28:02d},{u:.4f},{v:.4f}"
        for i, (u, v) in enumerate(zip(U, V, strict=True))
    ]
    status, _, err = sweep("series.csv", lines(",date,load,temperature", rows), "data.target=load")
    assert status == 2
    assert err.endswith(
        "column 'date' contains 120 distinct words; at most 50 can become indicators; data.drop=[date] excludes it\n"
    )
    status, said, err = sweep(
        "series.csv", lines(",date,load,temperature", rows), "data.target=load", "data.drop=[date]"
    )
    assert (status, err) == (0, "")
    assert "1 feature (column 'Unnamed: 0', which counts the rows, is excluded), target from " in said


def test_a_german_table(sweep):
    rows = [f"{u:.2f};{v:.3f}".replace(".", ",") + f";{['Öl', 'Gas'][k]}" for u, v, k in zip(U, V, K, strict=True)]
    content = lines("Länge;Höhe;Träger", rows, "\r\n").encode("cp1252")
    status, said, err = sweep("messung.csv", content, 'data.target="Träger"')
    assert (status, err) == (0, "")
    assert "(separator semicolon; decimal comma; encoding cp1252), classes: Gas " in said


def test_columns_of_white_space(sweep):
    rows = [f" {u:8.4f}  {v:8.3f}   {10 + 2 * u:6.2f}" for u, v in zip(U, V, strict=True)]
    status, said, err = sweep("housing.data", lines("", rows), "data.target=3")
    assert (status, err) == (0, "")
    assert "2 features (separator white space; no header; columns are named 1 to 3), target from " in said


def test_cars_by_white_space_with_names(sweep):
    rows = [
        f'{u:.1f}   {4 + 2 * k}   {"?" if i == 5 else 90 + i}\t"car {i}"'
        for i, (u, k) in enumerate(zip(U, K, strict=True))
    ]
    words = ["data.target=1", "data.drop=[4]", "data.missing=mean"]
    status, said, err = sweep("auto-mpg.data", lines("", rows), *words)
    assert (status, err) == (0, "")
    assert "1 missing cell filled with the mean of the training split: 3 1" in said


def test_text_from_excel(sweep):
    rows = [f"{u:.2f}\t{v:.2f}\t{'abc'[k]}" for u, v, k in zip(U, V, K, strict=True)]
    content = lines("Größe\tGewicht\tArt", rows, "\r\n").encode("utf-16")
    status, said, err = sweep("Mappe1.TXT", content, "data.target=Art")
    assert (status, err) == (0, "")
    assert "(separator tab; encoding utf-16), classes: a " in said
    packed = gzip.compress(content)
    assert sweep("Mappe1.txt.gz", packed, "data.target=Art", out="packed")[0] == 0


def test_huge_numbers_are_refused_before_training(sweep):
    rows = [f"{u:.2f},{'1e39' if i == 17 else '2'},{k}" for i, (u, k) in enumerate(zip(U, K, strict=True))]
    status, _, err = sweep("a.csv", lines("a,b,y", rows), "data.target=y")
    assert (status, err) == (
        2,
        "dropout-lab: a.csv: line 19, column 'b': 1e+39 is too large; numbers must be within 1.0e+37\n",
    )


@pytest.mark.parametrize("column", ["t", "y"])
def test_digits_are_kept_or_the_column_is_named(column, sweep):
    values = 1.7e12 + 1e4 * U
    rows = [f"{a:.0f},{b:.4f}" if column == "t" else f"{b:.4f},{a:.0f}" for a, b in zip(values, V, strict=True)]
    status, _, err = sweep("a.csv", lines("t,y", rows), "data.target=y", "data.normalise=none")
    assert (status, err.count("\n")) == (2, 1)
    assert f"{'column' if column == 't' else 'target'} {column!r}: differs in digits" in err
    assert sweep("a.csv", lines("t,y", rows), "data.target=y")[0] == 0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["data.drop=[b]", "data.missing=median"], "data.drop=b: no such column in a.csv; it has a, y"),
        (["data.missing=mode"], "data.missing=mode: must be one of refuse, mean, median, drop"),
        (
            ["data.separator=ab"],
            "data.separator=ab: must be auto, comma, semicolon, tab, pipe, space, or one character",
        ),
        (["data.encoding=klingon"], "data.encoding=klingon: must be auto, or the name of an encoding such as utf-8,"),
        (["data.encoding=rot13"], "data.encoding=rot13: must be auto, or the name of an encoding"),
        (["data.header=perhaps"], "data.header=perhaps: must be auto, true or false"),
        (["data.decimal=point", "data.separator=';'"], "a.csv: must have a feature"),
    ],
)
def test_settings_that_do_not_fit(words, line, sweep):
    status, _, err = sweep(
        "a.csv", "a,y\n1,0\n2,1\n", "data.target=y" if "point" not in words[0] else "data.target='a,y'", *words
    )
    assert (status, err.count("\n")) == (2, 1)
    assert err.startswith(f"dropout-lab: {line}")


def test_settings_of_tables_are_refused_for_arrays(sweep, folder):
    np.savez(folder / "x.npz", x=np.zeros((9, 2)), y=np.arange(9))
    for word in ("data.drop=[a]", "data.missing=mean", "data.separator=tab", "data.header=false"):
        status, _, err = sweep("x.npz", (folder / "x.npz").read_bytes(), word)
        key, _, value = word.partition("=")
        assert (status, err) == (
            2,
            f"dropout-lab: {key}={value}: applies to tables only; the target of an .npz file is its array y\n",
        )
