"""The command ``dropout-lab list``: every choice with its description, read from conf/ and the schemas."""

import textwrap
from collections.abc import Sequence

from omegaconf import OmegaConf

from dropout_lab.cli.flags import WIDTH
from dropout_lab.config import GROUPS, list_settings
from dropout_lab.config.compose import CONF, EXPERIMENT, list_choices, open_composer, read_card
from dropout_lab.errors import ConfigError, did_you_mean, format_setting
from dropout_lab.metrics import (
    LOSS,
    METRICS,
    REQUESTED,
    REQUESTED_METRICS,
    SCORES,
    TRIAL_METRICS,
    Metric,
    split_columns,
)
from dropout_lab.report.formats import join_markdown
from dropout_lab.settings.fields import Setting

DOCUMENTED = ("settings", "columns", "metrics")
CARDS = {"variants": "variant", "regularizers": "regularizer"}
SUBJECTS = (*GROUPS, EXPERIMENT, *CARDS, *DOCUMENTED)


def render_listing(words: Sequence[str]) -> str:
    """Return the text of ``list [WHAT]``.

    Raises:
        ConfigError: ``WHAT`` is unknown.
    """
    if not words:
        return (
            "\n\n".join(_group(group) for group in (*GROUPS, EXPERIMENT))
            + "\n\nAlso: list variants, regularizers (with options and papers), settings, columns,\nmetrics"
        )
    if words[1:] == ["--markdown"] and words[0] in DOCUMENTED:
        return render_markdown_table(words[0])
    if len(words) > 1:
        raise ConfigError(f"list {' '.join(words)}: takes one word")
    if choices := [(group, words[0]) for group in (*GROUPS, EXPERIMENT) if words[0] in list_choices(group)]:
        return "\n\n".join(_choice(group, name) for group, name in choices)
    what = words[0] if words[0] in SUBJECTS else words[0].removesuffix("s")
    if what not in SUBJECTS:
        every = f"must be one of {', '.join(SUBJECTS)}, or a choice of one of these"
        known = [*SUBJECTS, *(name for group in (*GROUPS, EXPERIMENT) for name in list_choices(group))]
        raise ConfigError(f"list {words[0]}: {did_you_mean(words[0], known, every)}")
    if what in CARDS:
        return _cards(CARDS[what])
    if what == "settings":
        return "\n".join(_card(_head(entry), entry.spec.help) for entry in settings())
    if what == "columns":
        return "\n".join(_card(name, meaning) for name, meaning in describe_columns().items())
    if what == "metrics":
        return "\n".join(_card(f"{m.name} ({'; '.join(_describe(m))})", m.help) for m in METRICS.values())
    return _group(what)


BETTER = {True: "higher is better", False: "lower is better", None: "neither is better"}


def _describe(metric: Metric) -> list[str]:
    """Return the tasks, the better direction and the occasions of a metric in words."""
    occasions = {
        "score": "as the score of every trial",
        "always": "in every trial",
        "request": f"with metrics=[{metric.name}]",
        "evaluate": "in evaluations",
    }
    when = [occasions[occasion] for occasion in metric.measured]
    return [", ".join(metric.tasks), BETTER[metric.higher_is_better], " and ".join(when)]


def render_markdown_table(subject: str) -> str:
    """Return the settings, columns or metrics as a Markdown table for docs/reference."""
    if subject == "columns":
        return join_markdown(["column", "content"], [[f"`{k}`", v] for k, v in describe_columns().items()], left=2)
    if subject == "metrics":
        titles = ["metric", "tasks", "better", "measured", "description"]
        return join_markdown(titles, [[f"`{m.name}`", *_describe(m), m.help] for m in METRICS.values()], left=5)
    chosen: dict[str, str] = {}
    for entry in OmegaConf.load(CONF / "config.yaml").defaults:
        chosen.update(entry if not isinstance(entry, str) else {})
    see = "see `dropout-lab list {}`"
    groups = [[f"`{g}`", ", ".join(list_choices(g)), f"`{chosen[g]}`", see.format(g)] for g in GROUPS]
    rows = [[f"`{e.key}`", e.allowed, f"`{format_setting(e.default)}`", e.spec.help] for e in settings()]
    return join_markdown(["setting", "values", "default", "description"], groups + rows, left=4)


def settings() -> list[Setting]:
    """Return the settings that take a value on the command line."""
    return [entry for entry in list_settings() if entry.name != "kind"]


def _cards(group: str) -> str:
    from dropout_lab.cli.cards import render_cards
    from dropout_lab.config.plugins import enable_plugins

    enable_plugins()
    with open_composer() as points:
        return render_cards(group, points)


def _choice(group: str, name: str) -> str:
    """Return the description of one choice of a group, such as ``variant=dropblock``."""
    if group not in CARDS.values():
        return _card(f"{group}={name}", read_card(group, name)[0])
    from dropout_lab.cli.cards import render_card
    from dropout_lab.config.plugins import enable_plugins

    enable_plugins()
    with open_composer() as points:
        return f"{group}={render_card(group, name, points)}"


def _group(group: str) -> str:
    return f"{group}=\n" + "\n".join(_card(name, read_card(group, name)[0], "  ") for name in list_choices(group))


def _head(entry: Setting) -> str:
    return f"{entry.key} ({entry.allowed}; default {format_setting(entry.default)})"


def _card(head: str, text: str, margin: str = "") -> str:
    inside = margin + " " * 4
    head = textwrap.fill(head, WIDTH, initial_indent=margin, subsequent_indent=margin + "  ")
    return head + "\n" + textwrap.fill(text, WIDTH, initial_indent=inside, subsequent_indent=inside)


def describe_columns() -> dict[str, str]:
    """Return the description of every column of ``trials.csv``, in order; those of requested metrics are last."""
    from dropout_lab.sweeps.columns import trial_columns

    helps = {entry.column: entry.spec.help for entry in list_settings() if entry.spec.identity}
    return {name: MEASURED.get(name) or helps[name] for name in trial_columns(REQUESTED)}


def _metric_columns() -> dict[str, str]:
    """Return the description of the columns that hold metrics."""
    described: dict[str, str] = {}
    for metric in REQUESTED_METRICS:
        val, test = split_columns(metric, ("val", "test"))
        described[val] = f"{metric.help}; validation split, with metrics=[{metric.name}]"
        described[test] = "the same on the test split"
    for metric in (LOSS, *TRIAL_METRICS):
        train, val, test = split_columns(metric)
        described |= {train: f"{metric.help}; training split"}
        described |= {val: "the same on the validation split", test: "the same on the test split"}
    return described


MEASURED = {
    "trial_id": "hash of everything that affects the trial",
    "status": "ok, diverged (the loss was not finite) or failed (retried by the next command)",
    "evaluate_test": "false for a tuning trial, which is not evaluated on the test set; else empty",
    "rate": "drop probability of the hidden sites; a list is written as 0.2/0.5",
    "regularizer": "the selected regularizers, sorted and joined by +, or none",
    "l1": "strength, empty if not selected",
    "l2": "strength, empty if not selected",
    "max_norm": "radius, empty if not selected",
    "early_stopping": "patience in epochs, empty if not selected",
    "seed": "the trial seed",
    "gap": "train minus test {}; test minus train {} for other tasks".format(
        *(" or ".join(m.name for m in SCORES if m.higher_is_better is higher) for higher in (True, False))
    ),
    "train_seconds": "wall-clock time of the pack divided by its number of trials; not a property of the arm",
    "seconds_per_epoch": "train_seconds divided by epochs_run",
    "epochs_run": "epochs trained",
    "best_epoch": "epoch of the best validation loss or regularizer.monitor, counted from 1; with "
    "regularizer.min_delta, the last improvement of at least that size",
    "parameters": "number of parameters; not changed by dropout",
    "active_parameters": "expected number of parameters between units that a mask keeps; empty for masks over "
    "groups of units and for custom models",
    "drop_fraction": "measured fraction of non-zero activations dropped, over the first step of each epoch",
    "pack_size": "trials trained together",
    "n_train": "training examples",
    "version": "version of dropout-lab",
    "mean_activation": "mean activation of the hidden units before dropout, at test time, over 1000 test examples",
    "activation_sparsity": "fraction of these activations that are 0",
    "n_test": "number of test examples, or of predicted tokens for text; empty if not evaluated on the test set",
    "majority_accuracy": "test accuracy of always predicting the class that is most frequent in the training split",
    **_metric_columns(),
}
