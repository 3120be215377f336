"""Packs: which trials are trained together."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from dropout_lab.config import Config
from dropout_lab.trial import Trial

PackOf = tuple[Trial, ...]


def plan_packs(
    trials: Sequence[Trial],
    done: set[str],
    stored: Sequence[Mapping[str, Any]],
    most: Callable[[Config], int],
    abreast: int = 1,
) -> list[PackOf]:
    """The packs that train what is missing.

    A stored pack with a result missing is trained again whole, so that what was stored and what is trained now come
    from the same stack; what is in no such pack is planned anew.

    Args:
        trials: all of the command's, without repeats.
        done: ids of those with a final result.
        stored: the plans of earlier commands in the folder.
        most: the largest pack for trials of this config.
        abreast: how many packs are trained at the same time.

    Returns:
        packs in the order they should run.
    """
    by_id = {trial.id: trial for trial in trials}
    missing = {i: trial for i, trial in by_id.items() if i not in done}
    packs: list[PackOf] = []
    for old in stored:
        ids = old["trials"]
        # A pack with strangers in it belongs to another command; its own trials are planned anew here.
        if missing.keys() & set(ids) and all(i in by_id for i in ids) and old["most"] == by_id[ids[0]].config.pack:
            packs.append(tuple(by_id[i] for i in ids))
            missing = {i: trial for i, trial in missing.items() if i not in ids}
    for group in _groups(list(missing.values())):
        packs += _cut(group, most(group[0].config) if len(group) > 1 else 1, abreast)
    return packs


def _groups(trials: Sequence[Trial]) -> list[list[Trial]]:
    """Trials that can be stacked. Those without dropout fit beside any variant."""
    groups: dict[str, dict[str, list[Trial]]] = {}
    for trial in trials:
        groups.setdefault(trial.point.pack_key, {}).setdefault(trial.point.noise_key, []).append(trial)
    found = []
    for by_variant in groups.values():
        plain = [trial for group in by_variant.values() for trial in group if trial.point.variant == "none"]
        by_variant = {key: group for key, group in by_variant.items() if group[0].point.variant != "none"}
        first, *others = list(by_variant.values()) or [[]]
        found += [plain + first, *others]
    # Trials of one seed share their mask bits within a pack, so they are kept together.
    return [sorted(group, key=lambda trial: trial.seed) for group in found]


def _cut(group: Sequence[Trial], most: int, abreast: int) -> list[PackOf]:
    """As few packs as allowed, of nearly equal size; if more than one, as many as keep all that train busy."""
    count = math.ceil(len(group) / most)
    if count > 1:
        count = min(len(group), math.ceil(count / abreast) * abreast)
    edges = [round(i * len(group) / count) for i in range(count + 1)]
    return [tuple(group[a:b]) for a, b in pairwise(edges)]
