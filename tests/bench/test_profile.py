"""The profile of a training step."""

import csv

import pytest

from dropout_lab.bench import profile


def test_the_parts_make_up_the_whole(trials):
    found = profile.shares(trials("model.hidden=[32]", "rate=0.3", "seeds=2"), steps=2)
    assert sum(found.values()) == pytest.approx(1)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert {"matrix products", "optimizer", "random bits, Python", profile.REST} <= set(found)
    assert not {"convolutions", "recurrent layers", "pooling"} & set(found)


def test_kinds_are_told_apart_by_the_operation():
    spent = {"aten::bmm": 50.0, "aten::copy_": 30.0, "aten::mul": 15.0, profile.STEP: 5.0, "aten::mm": 0.0}
    assert profile._by_kind(spent) == pytest.approx(
        {"matrix products": 0.5, "copies, casts and zeros": 0.3, profile.REST: 0.15, "random bits, Python": 0.05}
    )


@pytest.mark.parametrize("model", ["cnn", "lstm"])
def test_what_a_network_is_made_of_is_seen(trials, model):
    found = profile.shares(trials(f"model={model}", "rate=0.3", "seeds=1"), steps=1)
    wanted = {"convolutions", "pooling"} if model == "cnn" else {"recurrent layers"}
    assert wanted <= set(found)


def test_without_mnist_nothing_is_measured(folder, monkeypatch, typed):
    monkeypatch.setenv("DROPOUT_LAB_DATA", str(folder))
    status, out, err = typed("bench", "profile")
    assert (status, out) == (2, "")
    assert "no MNIST in" in err


def test_the_kept_profile_has_every_work():
    from dropout_lab.bench.variants import MEASURED

    assert MEASURED is not None
    text = (MEASURED.parent / "profile.csv").read_text()
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    assert {row["work"] for row in rows} == set(profile.WORKS)
    for work in profile.WORKS:
        assert sum(float(row["share"]) for row in rows if row["work"] == work) == pytest.approx(100, abs=1)
