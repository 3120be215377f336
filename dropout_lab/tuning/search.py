"""Fair tuning of arms: equal search budgets, selection on validation scores, confirmation on fresh seeds.

Tuning trials never read the test set (``evaluate_test=false``), and the selection receives only their validation
scores.
The test set is read by the confirming trials alone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dropout_lab.config import Config, list_settings
from dropout_lab.config.compose import replace_settings
from dropout_lab.errors import ConfigError, format_setting
from dropout_lab.metrics import CONFUSION
from dropout_lab.sweeps.grid import Arm
from dropout_lab.sweeps.ledger import Ledger, Row
from dropout_lab.sweeps.outcome import Outcome
from dropout_lab.sweeps.run import Evaluate, Say, evaluate_nothing, preview_run, run_arms, run_claimed, select_arms
from dropout_lab.tuning.candidates import Candidate, readable_columns, score_candidate
from dropout_lab.tuning.samplers import SAMPLERS, RandomSampler, Settings
from dropout_lab.tuning.space import search_space

# Tuning seeds start here, so that the number of confirming seeds never changes the chosen settings.
FIRST_SEED = 1_000_000


@dataclass
class Search:
    """Search for the settings of one arm.

    Args:
        arm: the arm as typed, with default values of the settings to choose.
        draw: number of this repetition of the arm's tuning, from 0.
        attempts: the candidates tried so far.
        rows: ledger rows of their trials, by id.
    """

    arm: Arm
    draw: int = 0
    attempts: list[Candidate] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        config = self.arm.config
        space = search_space(self.arm)
        seed = config.base_seed + self.draw  # the first draw is that of a command without repetitions
        self._sampler = SAMPLERS[config.sampler](space, config.budget, seed) if space else None
        # Random settings for the checks and the cost estimate before the sampler has proposed any.
        self.stand_ins = RandomSampler(space, config.budget, config.base_seed).ask() if space else []
        self._asked: list[tuple[Settings, Arm]] = []

    def ask(self) -> list[Arm]:
        """Return the arms to train next, with tuning seeds; an empty list when the budget is spent."""
        asked = self._sampler.ask() if self._sampler else []
        self._asked = [(settings, self.trying(settings)) for settings in asked]
        return [arm for _, arm in self._asked]

    def tell(self, rows: Mapping[str, Row]) -> None:
        """Receive the ledger rows of the arms that the last :meth:`ask` returned."""
        for settings, arm in self._asked:
            ids = tuple(trial.id for trial in arm.trials)
            self.rows |= {i: rows[i] for i in ids}
            seen = readable_columns(self.arm.config.tuning_metric)
            attempt = score_candidate(settings, ids, [{name: rows[i].get(name, "") for name in seen} for i in ids])
            self.attempts.append(attempt)
            assert self._sampler is not None
            self._sampler.tell(settings, math.inf if attempt.lost else attempt.cost)

    def trying(self, settings: Settings) -> Arm:
        """Return the arm with these settings on the tuning seeds, without access to the test set."""
        config = self.arm.config
        first = FIRST_SEED + self.draw * config.tuning_seeds
        seeds = [first + i for i in range(config.tuning_seeds)]
        apart = {"seeds": seeds, "evaluate_test": False, "save_weights": False, "save_predictions": False}
        apart["metrics"] = [name for name in self.arm.config.metrics if name != CONFUSION]  # of saved predictions
        apart |= {"infer.kind": "weight_scaling", "infer.ood": []}  # evaluations read the test set
        if config.resplit:  # on the split of the only seed that this draw confirms on
            apart |= {"resplit": False, "base_seed": config.base_seed + self.seeds[0]}
        return Arm((), replace_settings(self.arm.changed(settings), apart))

    def confirming(self, settings: Settings) -> Arm:
        """Return the arm with these settings on its share of the seeds of the command."""
        config = self.arm.changed(settings)
        if self.arm.config.tuning_draws > 1:
            config = replace_settings(config, {"seeds": self.seeds})
        return Arm(self.arm.settings, config, self.arm.words)

    @property
    def seeds(self) -> list[int]:
        """Seeds on which this draw confirms its choice."""
        seeds = self.arm.config.trial_seeds
        share = len(seeds) // self.arm.config.tuning_draws
        return seeds[self.draw * share : (self.draw + 1) * share]

    @property
    def picked(self) -> Candidate:
        """The best candidate by validation; the earliest one in case of a tie."""
        return min(self.attempts, key=lambda attempt: attempt.rank, default=Candidate({}))

    @property
    def seconds(self) -> float:
        """Training time of the search in seconds."""
        return sum(float(row["train_seconds"] or 0) for row in self.rows.values())


@dataclass(frozen=True)
class TuningOutcome(Outcome):
    """The result of a command that chooses settings.

    Args:
        searches: the searches of each arm, one per draw of the tuning.
    """

    searches: Sequence[Search] = ()

    @property
    def has_other_arms(self) -> bool:
        return bool(self.searches)


def searches_of(outcome: Outcome) -> Sequence[Search]:
    """Return the searches of a command, one per arm; empty for a command without tuning."""
    return outcome.searches if isinstance(outcome, TuningOutcome) else ()


def format_settings(settings: Settings) -> str:
    """Format chosen values for a table: ``rate=0.25 l2=0.001``."""
    columns = {entry.key: entry.column for entry in list_settings()}
    return " ".join(f"{columns[key]}={format_setting(value)}" for key, value in settings.items())


def cost_preview(arms: Sequence[Arm]) -> list[Arm]:
    """Return arms that cost as much as tuning these arms, with random settings for those not known in advance.

    Raises:
        ConfigError: the arms cannot be tuned.
    """
    preview = []
    for search in _searches(arms):
        preview += [search.trying(settings) for settings in search.stand_ins]
        preview.append(search.confirming(search.stand_ins[0] if search.stand_ins else {}))
    return preview


def _searches(arms: Sequence[Arm]) -> list[Search]:
    config = arms[0].config
    if not config.evaluate_test:
        raise ConfigError(
            "evaluate_test=false: tune=true evaluates the selected settings on the test set; leave out evaluate_test="
        )
    last = FIRST_SEED + config.tuning_draws * config.tuning_seeds
    taken = [seed for seed in config.trial_seeds if FIRST_SEED <= seed < last]
    if taken:
        raise ConfigError.of("seeds", taken, f"seeds from {FIRST_SEED} on are reserved for tuning; use smaller ones")
    _check_draws(config)
    searches = [Search(arm, draw) for arm in arms for draw in range(config.tuning_draws)]
    if not any(search.stand_ins for search in searches):
        raise ConfigError("tune=true: no arm has a setting to tune; give a range, such as 'rate=interval(0.1,0.8)'")
    return searches


def _check_draws(config: Config) -> None:
    """Raise ConfigError if the seeds cannot be shared among the draws, or if a draw would tune on test examples."""
    count, draws = len(config.trial_seeds), config.tuning_draws
    if count % draws:
        near = max(count // draws, 1) * draws
        remedy = f"use seeds={near} or seeds={near + draws}"
        raise ConfigError.of("tuning_draws", draws, f"must divide the number of seeds, {count}; {remedy}")
    if config.resplit and draws != count:
        problem = "tuning would train on test examples of other seeds"
        raise ConfigError(f"resplit=true: with tune=true, {problem}; tuning_draws={count} tunes once per seed")


def _joined(arms: Sequence[Arm]) -> list[Arm]:
    """Return one arm for all draws of its tuning."""
    by_label: dict[tuple[tuple[str, str], ...], list[Arm]] = {}
    for arm in arms:
        by_label.setdefault(arm.settings, []).append(arm)
    return [replace(each[0], draws=tuple(each)) if len(each) > 1 else each[0] for each in by_label.values()]


def explore(arms: Sequence[Arm], ledger: Ledger, say: Say, command: str) -> tuple[list[Search], list[Outcome]]:
    """Try the settings of these arms in rounds; each round is one sweep in the folder, without evaluations.

    Returns:
        the searches, and the outcome of each round.
    """
    searches = _searches(arms)
    outcomes = []
    while asked := [arm for search in searches for arm in search.ask()]:
        outcomes.append(run_claimed(asked, ledger, say, command))
        if outcomes[-1].missing:
            raise ConfigError.of(
                "out", str(ledger.folder), "trials of the search are missing; rerun the same command to continue"
            )
        rows = {row["trial_id"]: row for row in outcomes[-1].rows}
        for search in searches:
            search.tell(rows)
    return searches, outcomes


def search_arm(arms: Sequence[Arm], say: Say, command: str = "") -> Outcome:
    """Search for the settings of one arm, without confirming trials.

    Args:
        arms: the arm, as a sequence of one.
        say: prints one line of progress.
        command: the command line of the arm.

    Returns:
        the arm with its best settings on the tuning seeds, and the search.

    Raises:
        ConfigError: there is more than one arm, or a check failed; nothing was trained.
        Interrupted: Ctrl-C; finished trials are stored.
    """
    if len(arms) > 1:
        axes = ", ".join(key for key, _ in arms[0].settings)
        raise ConfigError(
            f"search takes one arm, got {len(arms)} arms by {axes}; give ranges such as rate=interval(0.1,0.8)"
        )
    for name, default in (("tuning_draws", 1), ("resplit", False)):
        if getattr(arms[0].config, name) != default:
            value = format_setting(getattr(arms[0].config, name))
            raise ConfigError(f"{name}={value}: applies to `sweep tune=true` only; leave out {name}=")
    folder = Path(arms[0].config.out)
    (once,) = _searches(arms)
    preview_run([once.trying(settings) for settings in once.stand_ins], say)
    ledger = Ledger(folder)
    with ledger.claim():
        (search,), outcomes = explore(arms, ledger, say, command)
    rows = [row for outcome in outcomes for row in outcome.rows]
    best = search.trying(search.picked.settings)
    return TuningOutcome([best], rows, sum(outcome.trained for outcome in outcomes), searches=[search])


def tune_arms(arms: Sequence[Arm], say: Say, command: str = "", evaluate: Evaluate = evaluate_nothing) -> Outcome:
    """Choose the settings of each arm and confirm them.

    Args:
        arms: arms of one sweep folder, with the settings that are not tuned.
        say: prints one line of progress.
        command: the command line of the arms.
        evaluate: evaluates the networks of the confirming trials.

    Returns:
        the arms with their chosen settings on the confirming seeds, and the searches.

    Raises:
        ConfigError: a check failed; nothing was trained.
        Interrupted: Ctrl-C; finished trials are stored.
    """
    folder = Path(arms[0].config.out)
    arms = select_arms(arms, say)
    preview_run(cost_preview(arms), say)  # before the folder is created, so that a failed check leaves no files
    ledger = Ledger(folder)
    with ledger.claim():
        config = arms[0].config
        most = f"{config.budget} setting{'s' if config.budget > 1 else ''}"
        say(f"tuning: {most} per arm, sampler {config.sampler}, {config.tuning_seeds} seeds; the test set is not read")
        if config.tuning_draws > 1:
            say(f"tuning is repeated {config.tuning_draws} times")
        searches, outcomes = explore(arms, ledger, say, command)
        say(f"training the selected settings of {len(arms)} arms on new seeds")
        outcomes.append(
            run_claimed(
                [search.confirming(search.picked.settings) for search in searches],
                ledger,
                say,
                command,
                evaluate,
            )
        )
    rows = {row["trial_id"]: row for outcome in outcomes for row in outcome.rows}
    trained = sum(outcome.trained for outcome in outcomes)
    last = outcomes[-1]
    return TuningOutcome(_joined(last.arms), list(rows.values()), trained, last.evaluated, last.missing, searches)


def run_or_tune(arms: Sequence[Arm], say: Say, command: str = "", evaluate: Evaluate = evaluate_nothing) -> Outcome:
    """Train and evaluate arms; with ``tune=true``, choose their settings first.

    Args:
        arms: arms of one sweep folder.
        say: prints one line of progress.
        command: the command line of the arms.
        evaluate: evaluates the trained networks.

    Raises:
        ConfigError: a check failed; nothing was trained.
        Interrupted: Ctrl-C; finished trials are stored.
    """
    if arms[0].config.tune:
        return tune_arms(arms, say, command, evaluate)
    return run_arms(arms, say, command, evaluate)
