"""Expressions of study files: arithmetic over columns, and nothing else."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_lab.config.compose import CONF
from dropout_lab.errors import ConfigError
from dropout_lab.studies.expressions import FUNCTIONS, evaluate_expression

FRAME = pd.DataFrame({"a": [0.25, 0.5, np.nan], "n": [100, 7, 3], "word": ["x", "y", "x"]})

GOOD = [
    "100 * (1 - a)",
    "-a + 2 ** 3 / n % 4",
    "n >= 7",
    "0 < a < 0.3",
    "n > 5 and a < 0.4 or n == 3",
    'not word == "x"',
    "word != 'y'",
    "3",
    "True",
]


@pytest.mark.parametrize("expression", GOOD)
def test_what_is_allowed_equals_pandas(expression):
    ours = evaluate_expression(FRAME, expression, "here")
    theirs = FRAME.eval(expression)
    pd.testing.assert_series_equal(ours, pd.Series(theirs, FRAME.index), check_names=False, check_dtype=False)


def test_functions_equal_numpy():
    for name, function in FUNCTIONS.items():
        expected = function(FRAME["n"].to_numpy(float))
        np.testing.assert_array_equal(evaluate_expression(FRAME, f"{name}(n)", "here"), expected)


BAD = {
    '@pd.io.common.os.system("touch executed")': "is no expression",
    "a.to_csv('executed')": "is not allowed",
    "a.values": "is not allowed",
    "a[0]": "is not allowed",
    "__import__('os').system('touch executed')": "is not allowed",
    "open('executed', 'w')": "is not allowed",
    "[x for x in n]": "is not allowed",
    "a if n else 0": "is not allowed",
    "lambda: 0": "is not allowed",
    "(a := 3)": "is not allowed",
    "f'{a}'": "is not allowed",
    "a, n": "is not allowed",
    "9 ** 9 ** 9": "exponent beyond",
    "a ** n": "exponent beyond",
    "abs(a, n)": "is not allowed",
    "abs(x=a)": "is not allowed",
    "n // 2": "is not allowed",
    "n in (1, 2)": "is not allowed",
    "1j * a": "is not allowed",
    "None": "is not allowed",
    "word - 9": "",
    "'x' * 9": "is not allowed",
    "word < 3": "",
    "missing + 1": "'missing' is not defined",
    "a +": "is no expression",
    "": "is no expression",
    "(" * 400: "is no expression",
    "a" * 600: "more than 500",
}


@pytest.mark.parametrize("expression", BAD, ids=lambda text: text[:30])
def test_anything_else_is_refused_in_one_line_and_not_executed(expression, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as refused:
        evaluate_expression(FRAME, expression, "study: metric")
    assert str(refused.value).startswith("study: metric: ")
    assert BAD[expression] in str(refused.value)
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="an9 .*+-/%()<>=!~&|@[]{}'\"_:,oweandrtif", max_size=40))
def test_any_text_is_computed_or_refused(text):
    try:
        assert len(evaluate_expression(FRAME, text, "here")) == len(FRAME)
    except ConfigError as error:
        assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    "expression", ["@pd.io.common.os.system('touch executed')", "test_accuracy.to_csv('executed')"]
)
def test_a_study_file_of_somebody_else_executes_nothing(typed, folder, expression):
    text = (CONF / "study" / "primer-rate.yaml").read_text()
    (folder / "bad.yaml").write_text(text.replace("100 * test_accuracy", f'"{expression}"'))
    status, _, err = typed("reproduce", "bad.yaml", "scale=smoke", "--dry-run")
    assert (status, len(err.splitlines())) == (2, 1)
    assert expression in err
    assert not (folder / "executed").exists()
