"""Registration of claims: dates, changes, and the lock of the studies of this project."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from dropout_lab.errors import ConfigError
from dropout_lab.studies import catalog
from dropout_lab.studies.claims_lock import (
    CHANGED_AFTER,
    NAME,
    NOT_AS_REGISTERED,
    NOT_REGISTERED,
    REGISTERED_AFTER,
    REGISTERED_BEFORE,
    UNKNOWN,
    hash_content,
    hash_wording,
    load_lock,
    register_claims,
    registration_status,
    store_lock,
)
from dropout_lab.studies.first_trial import AFTER, BEFORE, FILE, FirstTrial, read_first_trial, record_first_trial
from dropout_lab.studies.loader import parse_study

from .conftest import BASE

MONDAY, TUESDAY, WEDNESDAY = (f"2026-11-{day}T10:00:00+00:00" for day in (23, 24, 25))
CLAIM = {"id": "gain", "says": "Dropout helps.", "source": "me", "test": {"better": "b", "than": "a", "by": 0}}


def study(*claims, **changes):
    return parse_study("s", {**BASE, "claims": list(claims) or [CLAIM], **changes})


def registered(*changed_on, claim=CLAIM):
    """Entry of a claim that was registered on Monday and changed on the given days."""
    entries = register_claims(
        study({**CLAIM, "test": {**CLAIM["test"], "by": 9}} if changed_on else claim), {}, MONDAY, ""
    )
    for i, day in enumerate(changed_on, 1):
        by = 0 if i == len(changed_on) else i
        entries = register_claims(study({**claim, "test": {**CLAIM["test"], "by": by}}), entries, day, "a slip")
    return entries["gain"]


@pytest.mark.parametrize("name", catalog.study_names())
def test_every_claim_of_the_project_is_registered_as_it_is(name):
    loaded = catalog.find_study(name)
    entries = load_lock(loaded.file)[name]
    for claim in loaded.claims:
        assert claim.id, claim.says
        entry = entries[claim.id]
        assert (entry.content, entry.wording) == (hash_content(loaded, claim), hash_wording(claim)), claim.id
        assert not entry.removed
        assert all(change.reason for change in entry.changes)
    assert {key for key, entry in entries.items() if not entry.removed} == {claim.id for claim in loaded.claims}


def test_dates_of_the_lock_do_not_go_back():
    for entries in load_lock(catalog.FOLDER / "x.yaml").values():
        for entry in entries.values():
            dates = [datetime.fromisoformat(entry.registered)]
            dates += [datetime.fromisoformat(change.date) for change in entry.changes]
            assert dates == sorted(dates)


@pytest.mark.parametrize(
    "changes",
    [
        {"claims": [{**CLAIM, "test": {**CLAIM["test"], "by": 1}}]},
        {"claims": [{**CLAIM, "test": {"better": "a", "than": "b", "by": 0}}]},
        {"claims": [{**CLAIM, "comparable": ["n_train >= 10"]}]},
        {"comparable": ["n_train >= 10"]},
        {"base": "data=wine"},
        {"arms": {**BASE["arms"], "b": "variant=inverted rate=0.4"}},
        {"metrics": {"accuracy": {**BASE["metrics"]["accuracy"], "value": "test_accuracy"}}},
    ],
)
def test_what_a_verdict_depends_on_is_in_the_hash(changes):
    changed = study(**{"claims": [CLAIM], **changes})
    assert hash_content(changed, changed.claims[0]) != hash_content(study(), study().claims[0])


def test_wording_has_a_hash_of_its_own():
    changed = study({**CLAIM, "says": "Dropout is better."})
    assert hash_content(changed, changed.claims[0]) == hash_content(study(), study().claims[0])
    assert hash_wording(changed.claims[0]) != hash_wording(study().claims[0])
    other = study({**CLAIM, "category": "text"})
    assert hash_wording(other.claims[0]) != hash_wording(study().claims[0])


def test_a_change_needs_a_reason_and_keeps_what_was_registered():
    first = register_claims(study(), {}, MONDAY, "")
    assert register_claims(study(), first, TUESDAY, "") == first
    changed = study({**CLAIM, "test": {**CLAIM["test"], "by": 1}})
    with pytest.raises(
        ConfigError, match=r'^s: the registered claim gain was changed; give the reason: --lock --reason "..."$'
    ):
        register_claims(changed, first, TUESDAY, "")
    entry = register_claims(changed, first, TUESDAY, "the margin was a slip")["gain"]
    (change,) = entry.changes
    assert entry.registered == MONDAY
    assert (change.date, change.reason, change.content) == (TUESDAY, "the margin was a slip", first["gain"].content)


def test_a_removed_claim_stays_in_the_lock():
    entries = register_claims(study(), {}, MONDAY, "")
    other = study({**CLAIM, "id": "other"})
    with pytest.raises(ConfigError, match="gain was changed; give the reason"):
        register_claims(other, entries, TUESDAY, "")
    entries = register_claims(other, entries, TUESDAY, "no source says so")
    assert entries["gain"].removed == "no source says so"
    assert entries["gain"].registered == MONDAY
    back = register_claims(study(CLAIM, {**CLAIM, "id": "other"}), entries, WEDNESDAY, "back")
    assert (back["gain"].registered, back["gain"].removed, len(back["gain"].changes)) == (MONDAY, "", 2)


def test_a_claim_without_an_id_cannot_be_registered():
    with pytest.raises(ConfigError, match="has no id"):
        register_claims(study({**CLAIM, "id": ""}), {}, MONDAY, "")


@pytest.mark.parametrize(
    ("entry", "first", "status"),
    [
        (registered(), FirstTrial(AFTER, TUESDAY), REGISTERED_BEFORE),
        (registered(), FirstTrial(AFTER, MONDAY), REGISTERED_BEFORE),
        (registered(), FirstTrial(BEFORE, TUESDAY), UNKNOWN),
        (registered(), None, UNKNOWN),
        (None, FirstTrial(AFTER, TUESDAY), NOT_REGISTERED),
        (registered(WEDNESDAY), FirstTrial(AFTER, TUESDAY), CHANGED_AFTER),
        (registered(WEDNESDAY), FirstTrial(BEFORE, TUESDAY), CHANGED_AFTER),
        (registered(TUESDAY), FirstTrial(AFTER, WEDNESDAY), REGISTERED_BEFORE),
        (registered(TUESDAY, WEDNESDAY), FirstTrial(AFTER, TUESDAY), CHANGED_AFTER),
        (replace(registered(), registered=WEDNESDAY), FirstTrial(AFTER, TUESDAY), REGISTERED_AFTER),
        (replace(registered(), content="0"), FirstTrial(AFTER, TUESDAY), NOT_AS_REGISTERED),
    ],
)
def test_registration_is_compared_with_the_oldest_trial(entry, first, status):
    if first is not None:
        first = FirstTrial(first.side, datetime.fromisoformat(first.time))
    assert registration_status(study(), study().claims[0], entry, first) == status


def test_a_change_of_the_wording_alone_does_not_move_the_date():
    entries = register_claims(study(), {}, MONDAY, "")
    entries = register_claims(study({**CLAIM, "says": "Dropout is better."}), entries, WEDNESDAY, "plain words")
    first = FirstTrial(AFTER, datetime.fromisoformat(TUESDAY))
    assert registration_status(study(), study().claims[0], entries["gain"], first) == REGISTERED_BEFORE


def test_a_lock_is_read_as_it_was_written(tmp_path: Path):
    lock = {"s": register_claims(study(), {}, MONDAY, ""), "r": {"gain": registered(TUESDAY)}}
    store_lock(tmp_path / NAME, lock)
    assert load_lock(tmp_path / "s.yaml") == lock
    assert load_lock(tmp_path / "nothing" / "s.yaml") == {}
    (tmp_path / NAME).write_text("s: {gain: 3}")
    with pytest.raises(ConfigError, match=r"is not a valid claims\.lock"):
        load_lock(tmp_path / "s.yaml")


def test_a_run_stores_the_time_before_its_first_trial_once(tmp_path: Path):
    assert read_first_trial(tmp_path) is None
    record_first_trial(tmp_path / "new")
    first = read_first_trial(tmp_path / "new")
    assert first is not None
    assert first.side == AFTER
    (tmp_path / "new/trials.csv").write_text("")
    record_first_trial(tmp_path / "new")
    assert read_first_trial(tmp_path / "new") == first
    (tmp_path / "old").mkdir()
    (tmp_path / "old/trials.csv").write_text("")
    record_first_trial(tmp_path / "old")
    assert read_first_trial(tmp_path / "old").side == BEFORE
    (tmp_path / "new" / FILE).write_text("yesterday")
    assert read_first_trial(tmp_path / "new") is None


def test_the_command_registers_and_the_next_run_prints_it(typed, folder):
    small = {"smoke": {"set": "seeds=2 train.epochs=1 model.hidden=[4] data.train_size=50"}}
    (folder / "s.yaml").write_text(yaml.safe_dump({**BASE, "scales": small, "claims": [CLAIM]}, sort_keys=False))
    assert typed("reproduce", "s.yaml", "--lock") == (0, "s: 1 claims registered, 0 changed\n", "")
    assert typed("reproduce", "s.yaml", "scale=smoke", "out=o")[0] == 0
    assert REGISTERED_BEFORE in (folder / "o/s/smoke/claims.csv").read_text()
    assert f"| {REGISTERED_BEFORE} |" in (folder / "o/claims.md").read_text()
    changed = {**CLAIM, "test": {**CLAIM["test"], "by": 1}}
    (folder / "s.yaml").write_text(yaml.safe_dump({**BASE, "scales": small, "claims": [changed]}, sort_keys=False))
    status, out, err = typed("reproduce", "s.yaml", "--lock")
    assert (status, out) == (2, "")
    assert "say why" in err
    assert err.count("\n") == 1
    typed("reproduce", "s.yaml", "scale=smoke", "out=o")
    assert NOT_AS_REGISTERED in (folder / "o/s/smoke/claims.csv").read_text()
    lock = yaml.safe_load((folder / NAME).read_text())
    lock["s"]["gain"]["registered"] = MONDAY
    (folder / NAME).write_text(yaml.safe_dump(lock))
    (folder / "o/s/smoke" / FILE).write_text(f"after {TUESDAY}\n")
    assert typed("reproduce", "s.yaml", "--lock", "--reason", "the margin was a slip")[0] == 0
    typed("reproduce", "s.yaml", "scale=smoke", "out=o")
    assert CHANGED_AFTER in (folder / "o/s/smoke/claims.csv").read_text()


@pytest.mark.parametrize("words", [("s.yaml", "--reason", "x"), ("s.yaml", "--lock", "--reason"), ("--lock",)])
def test_a_reason_belongs_to_a_lock(typed, folder, words):
    (folder / "s.yaml").write_text(yaml.safe_dump({**BASE, "claims": [CLAIM]}, sort_keys=False))
    status, out, err = typed("reproduce", *words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
