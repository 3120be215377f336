"""Plan of a command for ``--dry-run``."""

from collections.abc import Sequence

from dropout_lab.report.formats import format_duration
from dropout_lab.sweeps.cost import estimate_cost
from dropout_lab.sweeps.grid import Arm, ineffective_settings
from dropout_lab.sweeps.ledger import Ledger
from dropout_lab.sweeps.preflight import describe_user_input
from dropout_lab.sweeps.run import plan_missing, select_arms
from dropout_lab.tuning.search import cost_preview


def preview_command(arms: Sequence[Arm], search: bool) -> list[str]:
    """Return the plan of a command, line by line, with estimated time and memory.

    Args:
        arms: the arms of the command.
        search: whether settings are only searched, without a confirmation run.
    """
    lines: list[str] = []
    kept = select_arms(arms, lines.append)
    ledger = Ledger(kept[0].config.out, write=False)
    tuned = kept[0].config.tune
    rehearsed = cost_preview(kept) if tuned else kept
    if search:
        rehearsed = [arm for arm in rehearsed if not arm.config.evaluate_test]
    trials, packs = plan_missing(rehearsed, ledger)
    cost = estimate_cost(packs)
    todo = sum(len(pack) for pack in packs)
    sizes = " or ".join(map(str, sorted({len(pack) for pack in packs}, reverse=True)))
    return [
        *lines,
        *(f"warning: {key} has no effect in this sweep" for key in ineffective_settings(kept)),
        *describe_user_input([trial for pack in packs for trial in pack]),
        f"arms     {len(kept)}" + (", plus the settings that tuning tries for each arm" if tuned else ""),
        f"trials   {len(trials)}: {len(trials) - todo} already completed in {ledger.folder}, {todo} to train",
        f"packs    {len(packs)}" + (f", of {sizes} trial{'s' * (sizes != '1')}" if packs else ""),
        f"time     about {format_duration(cost.seconds)}, estimated from timed training steps",
        f"memory   about {max(cost.bytes / 2**20, 1):.0f} MiB in addition to the libraries",
    ]
