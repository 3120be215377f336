"""Lock of claims: when each claim of a study was registered, and every change of it with its reason."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from dropout_lab.errors import ConfigError
from dropout_lab.settings.former_names import former_expression, former_word
from dropout_lab.studies.claims import list_cells
from dropout_lab.studies.first_trial import AFTER, BEFORE, FirstTrial
from dropout_lab.studies.study import Claim, Study, Words

NAME = "claims.lock"
HEADER = "# Written by `dropout-lab reproduce --lock`; a change of a registered claim is added, never overwritten.\n"
REGISTERED_BEFORE, REGISTERED_AFTER = "registered before data", "registered after data"
CHANGED_AFTER, UNKNOWN = "changed after data", "unknown"
NOT_REGISTERED, NOT_AS_REGISTERED = "not registered", "differs from its registration"


@dataclass(frozen=True)
class ClaimChange:
    """Change of a registered claim.

    Args:
        date: when the change was registered.
        reason: why the claim was changed.
        content, wording: hashes of the claim before the change.
    """

    date: str
    reason: str
    content: str
    wording: str


@dataclass(frozen=True)
class LockEntry:
    """Registration of one claim.

    Args:
        registered: when the claim was first registered, as an ISO date with time zone.
        content: hash of everything that the verdict depends on: test, metric, panels, arms and conditions.
        wording: hash of the sentence, its source and its category.
        changes: all changes since then, oldest first.
        removed: reason why the claim is no longer in the study; empty if it is.
    """

    registered: str
    content: str
    wording: str
    changes: Sequence[ClaimChange] = ()
    removed: str = ""

    @property
    def content_date(self) -> datetime:
        """When the present content was registered; a change of the wording alone does not count."""
        date, following = self.registered, [*(change.content for change in self.changes[1:]), self.content]
        for change, after in zip(self.changes, following, strict=False):
            date = change.date if change.content != after else date
        return datetime.fromisoformat(date)


Lock = Mapping[str, Mapping[str, LockEntry]]


def hash_content(study: Study, claim: Claim) -> str:
    """Return the hash of what the verdict on a claim depends on, without its text and without the scales.

    Settings and columns are hashed under their former names, because renaming them does not change a claim.
    """
    metric = study.metrics[claim.metric]
    conditions = claim.comparable if claim.comparable is not None else study.comparable
    names = list(dict.fromkeys(list_cells(claim)))
    arms = {arm: words for arm, words in study.arms.items() if any(arm in name for name in names) or not names}
    panels = {name: study.panels[name] for name in claim.panels or study.panels}
    return _hash(
        {
            "test": claim.test,
            "metric": [
                former_expression(metric.value),
                metric.better,
                metric.relative,
                *sorted(former_expression(str(reading)) for reading in metric.readings.items()),
            ],
            "panels": {name: _listed(words) for name, words in panels.items()},
            "base": _listed(study.base),
            "arms": {name: _listed(words) for name, words in (arms or study.arms).items()},
            "conditions": [
                *map(former_expression, conditions.when),
                conditions.never,
                *([c.cell, former_expression(c.when)] for c in conditions.reference),
            ],
        }
    )


def hash_wording(claim: Claim) -> str:
    """Return the hash of the text of a claim."""
    return _hash([claim.says, claim.source, claim.category])


def _listed(words: Words) -> list[str]:
    return sorted(map(former_word, words.values()))


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]


def load_lock(file: Path | None) -> Lock:
    """Return the lock next to a study file by study and claim; empty if there is none.

    Raises:
        ConfigError: the lock cannot be read.
    """
    path = file.with_name(NAME) if file else None
    if path is None or not path.exists():
        return {}
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        return {study: {key: _entry(value) for key, value in entries.items()} for study, entries in given.items()}
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, TypeError, KeyError) as error:
        problem = " ".join(str(error).split())
        raise ConfigError(f"{path}: is not a valid claims.lock ({problem}); restore it from version control") from None


def _entry(value: Mapping[str, Any]) -> LockEntry:
    changes = tuple(ClaimChange(**change) for change in value.get("changes", []))
    return LockEntry(value["registered"], value["content"], value["wording"], changes, value.get("removed", ""))


def register_claims(study: Study, entries: Mapping[str, LockEntry], date: str, reason: str) -> dict[str, LockEntry]:
    """Return the entries of a study's claims as they are now.

    Args:
        study: the study.
        entries: the entries so far.
        date: the current date.
        reason: why registered claims were changed or removed.

    Raises:
        ConfigError: a claim has no id, or a registered claim was changed or removed and there is no reason.
    """
    registered = dict(entries)
    for claim in study.claims:
        if not claim.id:
            raise ConfigError(f"{study.name}: {claim.says!r} has no id; a registered claim needs one, such as id: gain")
        content, wording = hash_content(study, claim), hash_wording(claim)
        before = registered.get(claim.id)
        if before is None:
            registered[claim.id] = LockEntry(date, content, wording)
        elif (before.content, before.wording, before.removed) != (content, wording, ""):
            _check_reason(study, claim.id, reason)
            change = ClaimChange(date, reason, before.content, before.wording)
            registered[claim.id] = LockEntry(before.registered, content, wording, (*before.changes, change))
    for key in registered.keys() - {claim.id for claim in study.claims}:
        before = registered[key]
        if not before.removed:
            _check_reason(study, key, reason)
            change = ClaimChange(date, reason, before.content, before.wording)
            registered[key] = replace(before, changes=(*before.changes, change), removed=reason)
    return registered


def _check_reason(study: Study, key: str, reason: str) -> None:
    if not reason:
        raise ConfigError(
            f'{study.name}: the registered claim {key} was changed; give the reason: --lock --reason "..."'
        )


def store_lock(path: Path, lock: Lock) -> None:
    """Write a lock, sorted by study and claim."""
    content = {study: {key: _plain(entry) for key, entry in sorted(lock[study].items())} for study in sorted(lock)}
    path.write_text(HEADER + yaml.safe_dump(content, sort_keys=False, width=1000, allow_unicode=True), encoding="utf-8")


def _plain(entry: LockEntry) -> dict[str, Any]:
    plain: dict[str, Any] = {"registered": entry.registered, "content": entry.content, "wording": entry.wording}
    plain |= {"removed": entry.removed} if entry.removed else {}
    return plain | ({"changes": [vars(change) for change in entry.changes]} if entry.changes else {})


def registration_status(study: Study, claim: Claim, entry: LockEntry | None, first: FirstTrial | None) -> str:
    """Return whether a claim was registered before the data on which it is judged.

    Args:
        study, claim: the claim and its study.
        entry: its registration; None if there is none.
        first: what is known about the oldest trial; None if nothing is.
    """
    if entry is None:
        return NOT_REGISTERED
    if entry.content != hash_content(study, claim):
        return NOT_AS_REGISTERED
    if first is None:
        return UNKNOWN
    if entry.content_date > first.time:
        return CHANGED_AFTER if datetime.fromisoformat(entry.registered) != entry.content_date else REGISTERED_AFTER
    return {AFTER: REGISTERED_BEFORE, BEFORE: UNKNOWN}[first.side]
