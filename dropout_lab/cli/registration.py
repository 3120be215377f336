"""Registration of claims on the command line: ``dropout-lab reproduce --lock``."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dropout_lab.errors import ConfigError
from dropout_lab.studies import claims_lock
from dropout_lab.studies.catalog import FOLDER, check_checkout
from dropout_lab.studies.first_trial import current_time
from dropout_lab.studies.study import Study


def split_reason(words: Sequence[str]) -> tuple[list[str], str]:
    """Return the words without ``--reason TEXT`` or ``--reason=TEXT``, and the text."""
    rest, reason, following = [], "", iter(words)
    for word in following:
        if word.partition("=")[0] != "--reason":
            rest.append(word)
            continue
        reason = word.partition("=")[2] if "=" in word else next(following, "")
        if not reason.strip() or "--lock" not in words:
            raise ConfigError('reproduce --reason: requires a text and --lock: --lock --reason "..."')
    return rest, " ".join(reason.split())


def lock_claims(studies: Sequence[Study], reason: str) -> list[str]:
    """Register the claims of studies in the locks next to their files and return a line for each study.

    Raises:
        ConfigError: a claim has no id, or a registered claim was changed without a reason; no lock is written then.
    """
    date, lines = current_time().isoformat(), []
    locks: dict[Path, dict[str, Mapping[str, claims_lock.LockEntry]]] = {}
    for study in studies:
        assert study.file is not None
        if study.file.parent == FOLDER:
            check_checkout(
                "reproduce --lock: registers claims", "a copy of the study file is registered in its own folder"
            )
        path = study.file.with_name(claims_lock.NAME)
        lock = locks.setdefault(path, dict(claims_lock.load_lock(study.file)))
        before = lock.get(study.name, {})
        lock[study.name] = claims_lock.register_claims(study, before, date, reason)
        new = len(lock[study.name].keys() - before.keys())
        changed = sum(lock[study.name][key] != entry for key, entry in before.items())
        lines.append(f"{study.name}: {new} claims registered, {changed} changed")
    for path, lock in locks.items():
        claims_lock.store_lock(path, lock)
    return lines
