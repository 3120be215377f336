"""What is said about names that are not there."""

import pytest

from dropout_lab.errors import did_you_mean, list_allowed

MANY = [f"name{i}" for i in "abcdefghij"] + ["dropconnect"]


def test_the_nearest_name_is_asked_for():
    assert did_you_mean("dropconect", MANY, "otherwise") == "did you mean 'dropconnect'?"
    assert did_you_mean("namez", ["namea", "nameb", "other"], "", most=3).count("or") == 1
    assert did_you_mean("drop", MANY, "otherwise") == "did you mean 'dropconnect'?"
    assert did_you_mean("zzz", MANY, "otherwise") == did_you_mean("", MANY, "otherwise") == "otherwise"


@pytest.mark.parametrize("word", ["zzz", "", None, 3, ["namea"]])
def test_all_names_are_listed_where_none_is_near(word):
    assert list_allowed(word, MANY) == "must be one of " + ", ".join(MANY)


def test_a_few_names_are_always_listed():
    assert list_allowed("adm", ["adam", "sgd"]) == "must be one of adam, sgd"
    assert list_allowed("dropconect", MANY) == "did you mean 'dropconnect'?"
