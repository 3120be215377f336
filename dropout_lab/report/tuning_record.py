"""Settings that the tuning of an arm selected, and the cost of the tuning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class TuningRecord:
    """Result and cost of the tuning of an arm.

    Args:
        picked: the chosen values as they are typed on the command line; empty if there was nothing to choose.
        settings: number of settings that were tried.
        seeds: number of tuning seeds per setting.
        trials: number of trials that were trained for tuning.
        seconds: total training time of these trials, in seconds.
        metric: the validation column by which the settings were chosen; empty for the score of the task.
        draw_of: maps each seed to the repetition of the tuning that chose its settings; empty if it was not repeated.
    """

    picked: str
    settings: int
    seeds: int
    trials: int
    seconds: float
    metric: str = ""
    draw_of: Mapping[int, int] = field(default_factory=dict)

    @property
    def draws(self) -> int:
        """Number of times that the tuning was repeated independently."""
        return len(set(self.draw_of.values())) or 1


def join_choices(choices: Sequence[str]) -> str:
    """Return the choices of several draws of the tuning as text, with the number of draws that made each."""
    counts = {choice: choices.count(choice) for choice in choices}
    return choices[0] if len(counts) == 1 else "; ".join(f"{n} x {choice}" for choice, n in counts.items())
