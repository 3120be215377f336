"""What is said about names that are not there."""

import pytest

from dropout_lab.spelling import hint, one_of

MANY = [f"name{i}" for i in "abcdefghij"] + ["dropconnect"]


def test_the_nearest_name_is_asked_for():
    assert hint("dropconect", MANY, "otherwise") == "did you mean 'dropconnect'?"
    assert hint("namez", ["namea", "nameb", "other"], "", most=3).count("or") == 1
    assert hint("drop", MANY, "otherwise") == "did you mean 'dropconnect'?"
    assert hint("zzz", MANY, "otherwise") == hint("", MANY, "otherwise") == "otherwise"


@pytest.mark.parametrize("word", ["zzz", "", None, 3, ["namea"]])
def test_all_names_are_listed_where_none_is_near(word):
    assert one_of(word, MANY) == "must be one of " + ", ".join(MANY)


def test_a_few_names_are_always_listed():
    assert one_of("adm", ["adam", "sgd"]) == "must be one of adam, sgd"
    assert one_of("dropconect", MANY) == "did you mean 'dropconnect'?"
