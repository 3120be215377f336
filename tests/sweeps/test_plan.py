"""Packs: who may train with whom."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_lab.sweeps.plan import plan_packs


def ids(pack):
    return [trial.id for trial in pack]


def stored(packs, most="auto"):
    return [{"most": most, "trials": ids(pack)} for pack in packs]


def test_packs_share_what_must_be_shared_and_are_of_even_size(trials):
    every = trials("model=mlp,cnn", "rate=0,0.3,0.5", "seeds=5", "train.batch_size=32,64")
    packs = plan_packs(every, set(), [], lambda config: 8)
    assert sorted(i for pack in packs for i in ids(pack)) == sorted(ids(every))
    for pack in packs:
        assert len({trial.point.pack_key for trial in pack}) == 1
    assert sorted({len(pack) for pack in packs}) == [7, 8]


def test_trials_without_dropout_join_any_variant_but_variants_stay_apart(trials):
    packs = plan_packs(trials("variant=standard,inverted", "rate=0,0.5", "seeds=2"), set(), [], lambda config: 100)
    kinds = [sorted({trial.point.variant for trial in pack}) for pack in packs]
    assert sorted(kinds) == [["inverted"], ["none", "standard"]]


def test_a_pack_with_a_result_missing_runs_again_whole(trials):
    every = trials("rate=0,0.3,0.5", "seeds=4")
    first = plan_packs(every, set(), [], lambda config: 6)
    done = set(ids(every)) - {first[1][2].id}
    assert plan_packs(every, done, stored(first), lambda config: 3) == [first[1]]


def test_new_trials_are_packed_by_themselves(trials):
    old = trials("rate=0,0.3", "seeds=2")
    first = plan_packs(old, set(), [], lambda config: 8)
    both = trials("rate=0,0.3,0.5", "seeds=2")
    (second,) = plan_packs(both, set(ids(old)), stored(first), lambda config: 8)
    assert {trial.config.rate for trial in second} == {0.5}


def test_another_commands_pack_or_another_pack_size_is_planned_anew(trials):
    every = trials("rate=0,0.3,0.5", "seeds=2")
    first = plan_packs(every, set(), [], lambda config: 8)
    some = trials("rate=0.3", "seeds=2")
    assert [ids(p) for p in plan_packs(some, set(), stored(first), lambda config: 8)] == [ids(some)]
    small = trials("rate=0,0.3,0.5", "seeds=2", "max_pack_size=1")
    assert {len(p) for p in plan_packs(small, set(), stored(first), lambda config: 1)} == {1}


def test_nothing_missing_nothing_planned(trials):
    every = trials("seeds=3")
    assert plan_packs(every, set(ids(every)), stored([every]), lambda config: pytest.fail("asked")) == []


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_done_the_rest_is_trained_exactly_once(trials, data):
    every = trials("variant=standard,inverted", "rate=0,0.2,0.5", "model=mlp,cnn", "seeds=3")
    most = data.draw(st.integers(1, 12))
    packs = plan_packs(every, set(), [], lambda config: most)
    done = data.draw(st.sets(st.sampled_from(ids(every))))
    again = plan_packs(every, done, stored(packs), lambda config: data.draw(st.integers(1, 12)))
    trained = [i for pack in again for i in ids(pack)]
    assert len(trained) == len(set(trained))
    assert set(ids(every)) - done <= set(trained)
    assert all(len(pack) <= 12 for pack in again)
    assert all(set(ids(pack)) - done for pack in again), "a finished pack is trained again"
