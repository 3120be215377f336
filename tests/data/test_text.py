"""Tokens, their numbers and the arrays that hold them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_lab.data import DataError
from dropout_lab.data.text import (
    NOTHING,
    Corpus,
    TextOptions,
    encode_corpus,
    encode_stream,
    number_tokens,
    pack_tokens,
    pad_rows,
    split_lines,
    to_labelled_dataset,
    to_stream_dataset,
    tokenize,
    unpack_tokens,
)

TEXTS = ["a b c d", "b", "e a a"]
Y = np.array([0, 1, 0])


def made(texts=TEXTS, y=Y, classes=("x", "y"), test=None, tokens="spaces", length=3, pad="front"):
    return encode_corpus(Corpus(texts, y, classes, test), TextOptions(tokens, length, pad), lambda row: f"row {row}")


@pytest.mark.parametrize(
    ("kind", "text", "tokens"),
    [
        ("words", "It's GOOD, isn't it?!", ["it's", "good", ",", "isn't", "it", "?", "!"]),
        ("words", "snake_case 3.5 'quoted'", ["snake", "_", "case", "3", ".", "5", "'", "quoted", "'"]),
        ("words", "Élan Ünïted 東京", ["élan", "ünïted", "東京"]),
        ("words", "one\x85two\tthree\n", ["one", "two", "three"]),
        ("spaces", "It's  GOOD,\tisn't\nit?", ["It's", "GOOD,", "isn't", "it?"]),
        ("characters", "a B\n", ["a", " ", "B", "\n"]),
    ],
)
def test_tokens(kind, text, tokens):
    assert tokenize(text, kind) == tokens


@given(st.text())
def test_only_white_space_has_no_words(text):
    """So a text that is left in because something stands in it has a token whatever ``data.tokenizer`` is."""
    assert bool(tokenize(text, "words")) == bool(tokenize(text, "spaces")) == bool(text.split())


def test_numbers_are_in_the_order_of_first_occurrence():
    rows, known = number_tokens([["b", "a", "b"], [], ["c", "a"]])
    assert known == ("b", "a", "c")
    assert [row.tolist() for row in rows] == [[0, 1, 0], [], [2, 1]]
    assert {row.dtype for row in rows} == {np.dtype(np.int32)}


@pytest.mark.parametrize(
    ("pad", "length", "x"),
    [
        ("front", 9, [[0, 1, 2, 3], [-1, -1, -1, 1], [-1, 4, 0, 0]]),
        ("back", 9, [[0, 1, 2, 3], [1, -1, -1, -1], [4, 0, 0, -1]]),
        ("front", 2, [[0, 1], [-1, 1], [4, 0]]),
        ("back", 2, [[0, 1], [1, -1], [4, 0]]),
        ("front", 1, [[0], [1], [4]]),
    ],
)
def test_padding_and_truncation(pad, length, x):
    rows, _ = number_tokens([text.split() for text in TEXTS])
    found = pad_rows(rows, length, pad)
    assert (found.tolist(), found.dtype, NOTHING) == (x, np.int32, -1)


def test_tokens_that_are_cut_off_everywhere_are_not_known():
    assert unpack_tokens(made(length=3)) == ("a", "b", "c", "e")
    assert unpack_tokens(made(length=4)) == ("a", "b", "c", "d", "e")


@given(st.lists(st.text(min_size=1), min_size=1))
def test_tokens_survive_as_bytes(tokens):
    assert unpack_tokens(pack_tokens(tokens)) == tuple(tokens)


def test_a_data_set_of_texts():
    dataset = to_labelled_dataset("mine", made(test=np.array([2])), 3)
    assert (dataset.task, dataset.classes, dataset.outputs) == ("classification", ("x", "y"), 2)
    assert (dataset.vocabulary, dataset.symbols, len(dataset.tokens)) == (3, 5, 4)
    assert dataset.test.tolist() == [2]
    ratings = to_labelled_dataset("mine", made(y=np.array([0.5, 1, 0], np.float32), classes=()), 100)
    assert (ratings.task, ratings.outputs, ratings.vocabulary, ratings.test) == ("regression", 1, 4, None)


@pytest.mark.parametrize(("tokens", "empty"), [("words", " \n"), ("spaces", "\x85"), ("characters", "")])
def test_an_empty_text_is_named(tokens, empty):
    with pytest.raises(DataError, match=r"^row 1 is empty; each text requires at least one token$"):
        made(["a", empty, "b"], tokens=tokens)


def test_a_running_text():
    dataset = to_stream_dataset("mine", encode_stream("mine", [list("abca"), list("bd"), list("aab")]), 100)
    assert dataset.x.tolist() == [0, 1, 2, 0, 1, 3, 0, 0, 1]
    assert dataset.y is dataset.x
    assert (dataset.val.tolist(), dataset.test.tolist()) == ([4, 5], [6, 7, 8])
    assert (dataset.task, dataset.tokens, dataset.outputs) == ("language", ("a", "b", "c", "d"), 6)
    with pytest.raises(DataError, match="data=mine: one split of the text is empty"):
        encode_stream("mine", [list("abc"), list("a"), list("abc")])


def test_lines_end_at_line_feeds_alone():
    assert split_lines("a\x85b\x0bc\u2028d\n\ne\n") == ["a\x85b\x0bc\u2028d", "", "e"]
    assert split_lines("a\nb") == ["a", "b"]
    assert split_lines("") == []
