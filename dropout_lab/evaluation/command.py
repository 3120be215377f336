"""Command ``dropout-lab evaluate``: further evaluations of a finished sweep from its checkpoints."""

from collections.abc import Sequence
from pathlib import Path

from dropout_lab.config import Config, InferConf
from dropout_lab.config.compose import ConfigComposer, parse_override
from dropout_lab.errors import ConfigError
from dropout_lab.evaluation.run import EvaluationTask, distinct_configs, list_tasks, run_evaluations
from dropout_lab.evaluation.store import EvaluationStore
from dropout_lab.sweeps.checkpoints import SavedWeights, list_saved
from dropout_lab.sweeps.grid import expand_grid
from dropout_lab.sweeps.inference_checks import check_trial
from dropout_lab.sweeps.ledger import Ledger
from dropout_lab.sweeps.run import Say

# Settings that do not define a trial and may have changed since the training.
ELSEWHERE = ("data.root", "data.path", "device")
TAKEN = ("out", "infer", "skip_invalid", "save_predictions", *ELSEWHERE)


def evaluate_folder(words: Sequence[str], points: ConfigComposer, say: Say) -> tuple[Path, list[tuple[str, InferConf]]]:
    """Evaluate the checkpoints of a sweep folder.

    Args:
        words: settings as typed; those of ``infer`` may be axes.
        points: composes configs.
        say: prints one line.

    Returns:
        the folder, and the ids of the evaluated trials with their inference settings.

    Raises:
        ConfigError: a setting does not apply to evaluations, the folder has no checkpoints, or an evaluation is
            invalid.
    """
    for word in words:
        key = parse_override(word).key_or_group
        if key not in TAKEN and not key.startswith("infer."):
            raise ConfigError(f"{word}: is fixed by the training; evaluate takes infer.*, {', '.join(TAKEN)}")
    jobs = expand_grid(words)
    configs = [points.config(job) for job in jobs]
    given = {parse_override(word).key_or_group for word in words}
    folder, first = Path(configs[0].out), configs[0]
    networks = _networks(folder, first, given, say)
    tasks = _allowed(
        list_tasks(networks, distinct_configs([config.infer for config in configs])), first.skip_invalid, say
    )
    ledger = Ledger(folder)
    with ledger.claim():
        run_evaluations(tasks, EvaluationStore(folder), ledger.rows(), first.save_predictions, say)
    return folder, [(each.trial.id, task.conf) for task in tasks for each in task.kept]


def _networks(folder: Path, config: Config, given: set[str], say: Say) -> list[SavedWeights]:
    """Return the checkpoints of the folder's trials."""
    if not (folder / "trials.csv").is_file():
        raise ConfigError.of("out", str(folder), "contains no trials.csv; give the folder of a finished sweep")
    rows = Ledger(folder, write=False).rows()
    # Tuning trials must not read the test set.
    ids = [i for i, row in rows.items() if row["status"] == "ok" and row.get("evaluate_test") != "false"]
    moved = {"data.root": config.data.root, "data.path": config.data.path, "device": config.device}
    networks = list_saved(folder, ids, {key: value for key, value in moved.items() if key in given})
    if not networks:
        hint = "rerun the sweep with save_weights=true to train again and save them"
        raise ConfigError.of("out", str(folder), f"contains no saved weights; {hint}")
    if len(networks) < len(ids):
        say(
            f"note: {len(ids) - len(networks)} of {len(ids)} trials were trained without save_weights=true "
            "and are excluded"
        )
    return networks


def _allowed(tasks: Sequence[EvaluationTask], skip: bool, say: Say) -> list[EvaluationTask]:
    """Return the valid tasks; an invalid task raises ConfigError or, under ``skip_invalid``, is left out."""
    allowed: list[EvaluationTask] = []
    left_out: dict[str, int] = {}
    for task in tasks:
        try:
            check_trial(task.kept[0].trial, task.conf, len(task.kept) > 1)
            allowed.append(task)
        except ConfigError as error:
            if not skip:
                raise ConfigError(f"{error}; skip_invalid=true skips such arms") from None
            left_out[str(error)] = left_out.get(str(error), 0) + 1
    for reason, count in left_out.items():
        say(f"skipped {count} arm{'s' if count > 1 else ''}: {reason}")
    if not allowed:
        raise ConfigError("nothing to evaluate: skip_invalid excludes every network")
    return allowed
