"""Planning of packs, the groups of trials that are trained together."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from dropout_lab.trial import Trial

PackOf = tuple[Trial, ...]


def plan_packs(
    trials: Sequence[Trial],
    done: set[str],
    stored: Sequence[Mapping[str, Any]],
    most: Callable[[Trial], int],
    abreast: int = 1,
) -> list[PackOf]:
    """Plan the packs that train the missing trials.

    A stored pack with a missing result is trained again as a whole, so that stored and new results come from the same
    stack. A pack with a checkpoint is formed again whatever its size. All other missing trials are planned afresh.

    Args:
        trials: all trials of the command, without duplicates.
        done: ids of the trials with a final result.
        stored: packs planned by earlier commands in the folder; "most" is the setting ``max_pack_size`` of the command,
            and None for packs with a checkpoint, which come first.
        most: returns the largest pack size for trials like this one.
        abreast: number of packs that are trained at the same time.

    Returns:
        packs in the order of their training.
    """
    by_id = {trial.id: trial for trial in trials}
    missing = {i: trial for i, trial in by_id.items() if i not in done}
    packs: list[PackOf] = []
    planned: set[str] = set()
    for old in stored:
        ids = old["trials"]
        # A pack with trials that are not in this command was planned by another command and is not reused.
        if not missing.keys() & set(ids) or planned & set(ids) or not all(i in by_id for i in ids):
            continue
        if old["most"] in (None, by_id[ids[0]].config.max_pack_size):
            packs.append(tuple(by_id[i] for i in ids))
            planned |= set(ids)
            missing = {i: trial for i, trial in missing.items() if i not in ids}
    for group in _groups(list(missing.values())):
        packs += _cut(group, most(group[0]) if len(group) > 1 else 1, abreast)
    return packs


def _groups(trials: Sequence[Trial]) -> list[list[Trial]]:
    """Group the trials that can be stacked; trials without dropout stack with any variant."""
    groups: dict[str, dict[str, list[Trial]]] = {}
    for trial in trials:
        groups.setdefault(trial.point.pack_key, {}).setdefault(trial.point.noise_key, []).append(trial)
    plans = []
    for by_variant in groups.values():
        plain = [trial for group in by_variant.values() for trial in group if trial.point.variant == "none"]
        by_variant = {key: group for key, group in by_variant.items() if group[0].point.variant != "none"}
        first, *others = list(by_variant.values()) or [[]]
        plans += [plain + first, *others]
    # Trials of one seed share the random bits of their drop masks within a pack.
    return [sorted(group, key=lambda trial: trial.seed) for group in plans]


def _cut(group: Sequence[Trial], most: int, abreast: int) -> list[PackOf]:
    """Divide a group into packs of nearly equal size: as few as allowed, rounded up to a multiple of ``abreast``."""
    count = math.ceil(len(group) / most)
    if count > 1:
        count = min(len(group), math.ceil(count / abreast) * abreast)
    edges = [round(i * len(group) / count) for i in range(count + 1)]
    return [tuple(group[a:b]) for a, b in pairwise(edges)]
