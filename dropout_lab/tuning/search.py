"""A fair comparison: each arm's settings chosen by validation out of equally many, confirmed on fresh seeds, and only
then judged by the test part.

The trials that choose do not read the test part at all (``read_test=false``), and what chooses is handed nothing but
their validation figures.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from dropout_lab.config import list_settings
from dropout_lab.config.compose import replace_settings
from dropout_lab.config.fields import round_decimal
from dropout_lab.errors import ConfigError, format_setting
from dropout_lab.evaluation.request import evaluate_requested
from dropout_lab.sweeps.grid import Arm
from dropout_lab.sweeps.ledger import Ledger, Row
from dropout_lab.sweeps.outcome import Outcome
from dropout_lab.sweeps.run import Say, preview_run, run_arms, run_claimed, select_arms
from dropout_lab.tuning.samplers import SAMPLERS, RandomSampler, Settings
from dropout_lab.tuning.space import search_space

# Tuning seeds start here, so that more confirming seeds never change what is chosen.
FIRST_SEED = 1_000_000
SCORES = ("val_accuracy", "val_rmse", "val_perplexity")
# All that a choice may depend on.
SEEN = ("status", "val_loss", *SCORES)


@dataclass(frozen=True)
class Candidate:
    """One setting that was tried.

    Args:
        settings: by key.
        trials: ids of its trials.
        score: mean validation score of those that ended well; nan if none did.
        loss: mean validation loss of the same.
        lost: trials that diverged or failed.
        higher: whether more of the score is better.
    """

    settings: Settings
    trials: tuple[str, ...] = ()
    score: float = math.nan
    loss: float = math.nan
    lost: int = 0
    higher: bool = True

    @property
    def rank(self) -> tuple[float, float, float]:
        """Less is better: first that no trial is lost, then the score, then the loss."""
        cost, loss = (math.inf if math.isnan(value) else value for value in (self.cost, self.loss))
        return self.lost, cost, loss

    @property
    def cost(self) -> float:
        """The score turned so that less is better."""
        return -self.score if self.higher else self.score


@dataclass
class Search:
    """The settings of one arm, as they are tried.

    Args:
        arm: as it was typed, with the defaults of what is chosen.
    """

    arm: Arm
    attempts: list[Candidate] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        config = self.arm.config
        space = search_space(self.arm)
        self._sampler = SAMPLERS[config.sampler](space, config.budget, config.seed) if space else None
        # Any settings will do to see what it will cost, and whether it can be trained at all.
        self.stand_ins = RandomSampler(space, config.budget, config.seed).ask() if space else []
        self._asked: list[tuple[Settings, Arm]] = []

    def ask(self) -> list[Arm]:
        """What is to be trained next, with its tuning seeds; nothing when the budget is spent."""
        asked = self._sampler.ask() if self._sampler else []
        self._asked = [(settings, self.trying(settings)) for settings in asked]
        return [arm for _, arm in self._asked]

    def tell(self, rows: Mapping[str, Row]) -> None:
        """Take in the rows of what was asked for."""
        for settings, arm in self._asked:
            ids = tuple(trial.id for trial in arm.trials)
            self.rows |= {i: rows[i] for i in ids}
            attempt = score_candidate(settings, ids, [{name: rows[i][name] for name in SEEN} for i in ids])
            self.attempts.append(attempt)
            assert self._sampler is not None
            self._sampler.tell(settings, math.inf if attempt.lost else attempt.cost)

    def trying(self, settings: Settings) -> Arm:
        """The arm with these settings on the tuning seeds, kept from the test part."""
        seeds = [FIRST_SEED + i for i in range(self.arm.config.tuning_seeds)]
        apart = {"seeds": seeds, "read_test": False, "save": False, "save_predictions": False}
        apart |= {"infer.kind": "weight_scaling", "infer.ood": []}  # evaluations are of the test part
        return Arm((), replace_settings(self.arm.changed(settings), apart))

    def confirming(self, settings: Settings) -> Arm:
        """The arm with these settings, on the seeds that were asked for."""
        return Arm(self.arm.settings, self.arm.changed(settings), self.arm.words)

    @property
    def picked(self) -> Candidate:
        """The best by validation; the earlier one of equals."""
        return min(self.attempts, key=lambda attempt: attempt.rank, default=Candidate({}))

    @property
    def seconds(self) -> float:
        """Training time that choosing took."""
        return sum(float(row["train_seconds"] or 0) for row in self.rows.values())


@dataclass(frozen=True)
class TuningOutcome(Outcome):
    """The result of a command that chooses settings.

    Args:
        searches: how the settings were chosen, one per arm.
    """

    searches: Sequence[Search] = ()

    @property
    def has_other_arms(self) -> bool:
        return bool(self.searches)


def searches_of(outcome: Outcome) -> Sequence[Search]:
    """Return how the settings of a command were chosen; nothing for a command without tuning."""
    return outcome.searches if isinstance(outcome, TuningOutcome) else ()


def score_candidate(settings: Settings, ids: tuple[str, ...], rows: Sequence[Mapping[str, str]]) -> Candidate:
    """A setting with the means of its trials' validation figures, which are all that is given."""
    ok = [row for row in rows if row["status"] == "ok"]
    name = next((name for name in SCORES if any(row[name] for row in ok)), SCORES[0])
    score, loss = (
        round_decimal(fmean(float(row[key]) for row in ok)) if ok else math.nan for key in (name, "val_loss")
    )
    return Candidate(settings, ids, score, loss, len(rows) - len(ok), name == "val_accuracy")


def format_settings(settings: Settings) -> str:
    """Chosen values as a table shows them: ``rate=0.25 l2=0.001``."""
    columns = {entry.key: entry.column for entry in list_settings()}
    return " ".join(f"{columns[key]}={format_setting(value)}" for key, value in settings.items())


def cost_preview(arms: Sequence[Arm]) -> list[Arm]:
    """Arms that cost what tuning these arms will cost, with stand-ins for what is only known as it goes on.

    Raises:
        ConfigError: the arms cannot be tuned.
    """
    found = []
    for search in _searches(arms):
        found += [search.trying(settings) for settings in search.stand_ins]
        found.append(search.confirming(search.stand_ins[0] if search.stand_ins else {}))
    return found


def _searches(arms: Sequence[Arm]) -> list[Search]:
    config = arms[0].config
    if not config.read_test:
        raise ConfigError("read_test=false: tune=true confirms its choices on the test part; leave out read_test=")
    taken = [seed for seed in config.trial_seeds if FIRST_SEED <= seed < FIRST_SEED + config.tuning_seeds]
    if taken:
        raise ConfigError.of("seeds", taken, f"seeds from {FIRST_SEED} on are for choosing; confirm on other ones")
    searches = [Search(arm) for arm in arms]
    if not any(search.stand_ins for search in searches):
        raise ConfigError("tune=true: no arm has anything to choose; give a range, such as 'rate=interval(0.1,0.8)'")
    return searches


def explore(arms: Sequence[Arm], ledger: Ledger, say: Say, command: str) -> tuple[list[Search], list[Outcome]]:
    """Try the settings of these arms, round by round; each round is one sweep in the folder.

    Returns:
        the searches, and what each round left.
    """
    searches = _searches(arms)
    outcomes = []
    while asked := [arm for search in searches for arm in search.ask()]:
        outcomes.append(run_claimed(asked, ledger, say, command, evaluate_requested))
        rows = {row["trial_id"]: row for row in outcomes[-1].rows}
        for search in searches:
            search.tell(rows)
    return searches, outcomes


def search_arm(arms: Sequence[Arm], say: Say, command: str = "") -> Outcome:
    """Try the settings of one arm and confirm none.

    Returns:
        the arm with its best setting, on the tuning seeds, and the search.

    Raises:
        ConfigError: more than one arm, or refused before anything was trained.
        Interrupted: Ctrl-C; what was finished is stored.
    """
    if len(arms) > 1:
        axes = ", ".join(key for key, _ in arms[0].settings)
        raise ConfigError(f"search takes one arm and chooses within ranges; here are {len(arms)}, by {axes}")
    folder = Path(arms[0].config.out)
    (once,) = _searches(arms)
    preview_run([once.trying(settings) for settings in once.stand_ins], say)
    ledger = Ledger(folder)
    with ledger.claim():
        (found,), outcomes = explore(arms, ledger, say, command)
    rows = [row for outcome in outcomes for row in outcome.rows]
    best = found.trying(found.picked.settings)
    return TuningOutcome([best], rows, sum(outcome.trained for outcome in outcomes), searches=[found])


def tune_arms(arms: Sequence[Arm], say: Say, command: str = "") -> Outcome:
    """Choose the settings of each arm and confirm them.

    Args:
        arms: of one sweep folder, with what is not to be chosen.
        say: takes one line about what is going on.
        command: the words that the arms came from.

    Returns:
        the arms with their chosen settings on the confirming seeds, and how these were chosen.

    Raises:
        ConfigError: refused before anything was trained.
        Interrupted: Ctrl-C; what was finished is stored.
    """
    folder = Path(arms[0].config.out)
    arms = select_arms(arms, say)
    preview_run(cost_preview(arms), say)  # what is refused leaves nothing behind
    ledger = Ledger(folder)
    with ledger.claim():
        config = arms[0].config
        most = f"{config.budget} setting{'s' if config.budget > 1 else ''}"
        say(f"tuning: {most} an arm, {config.sampler}, on {config.tuning_seeds} seeds; the test part is not read")
        searches, outcomes = explore(arms, ledger, say, command)
        say(f"confirming the chosen settings of {len(arms)} arms on other seeds")
        outcomes.append(
            run_claimed(
                [search.confirming(search.picked.settings) for search in searches],
                ledger,
                say,
                command,
                evaluate_requested,
            )
        )
    rows = {row["trial_id"]: row for outcome in outcomes for row in outcome.rows}
    trained = sum(outcome.trained for outcome in outcomes)
    return TuningOutcome(outcomes[-1].arms, list(rows.values()), trained, outcomes[-1].evaluated, searches)


def run_or_tune(arms: Sequence[Arm], say: Say, command: str = "") -> Outcome:
    """Train and evaluate arms; with ``tune=true``, choose their settings first.

    Args:
        arms: all of one sweep folder.
        say: prints one line of progress.
        command: the command line of the arms.

    Raises:
        ConfigError: refused before anything was trained.
        Interrupted: Ctrl-C; what was finished is stored.
    """
    if arms[0].config.tune:
        return tune_arms(arms, say, command)
    return run_arms(arms, say, command, evaluate_requested)
