"""The command ``dropout-lab list``: every choice with its description, read from conf/ and the schemas."""

import textwrap
from collections.abc import Sequence

from omegaconf import OmegaConf

from dropout_lab.config import GROUPS, list_settings
from dropout_lab.config.compose import CONF, list_choices, open_composer, read_card
from dropout_lab.errors import ConfigError, format_setting, list_allowed
from dropout_lab.report.formats import format_markdown
from dropout_lab.settings.fields import Setting

WIDTH = 80
DOCUMENTED = ("settings", "columns")
CARDS = {"variants": "variant", "regularizers": "regularizer"}
SUBJECTS = (*GROUPS, *CARDS, *DOCUMENTED)


def render_listing(words: Sequence[str]) -> str:
    """Return the text of ``list [WHAT]``.

    Raises:
        ConfigError: ``WHAT`` is unknown.
    """
    if not words:
        return (
            "\n\n".join(_group(group) for group in GROUPS)
            + "\n\nAlso: list variants, regularizers (a card each), settings, columns"
        )
    if words[1:] == ["--markdown"] and words[0] in DOCUMENTED:
        return render_markdown_table(words[0])
    what = words[0] if words[0] in SUBJECTS else words[0].removesuffix("s")
    if what not in SUBJECTS:
        raise ConfigError(f"list {' '.join(words)}: {list_allowed(words[0], SUBJECTS)}")
    if len(words) > 1:
        raise ConfigError(f"list {' '.join(words)}: takes one word")
    if what in CARDS:
        return _cards(CARDS[what])
    if what == "settings":
        return "\n".join(_card(_head(entry), entry.spec.help) for entry in settings())
    if what == "columns":
        return "\n".join(_card(name, meaning) for name, meaning in describe_columns().items())
    return _group(what)


def render_markdown_table(subject: str) -> str:
    """Return the settings or columns as a Markdown table for the README."""
    if subject == "columns":
        return format_markdown(
            ["column", "what it holds"], [[f"`{k}`", v] for k, v in describe_columns().items()], left=2
        )
    chosen: dict[str, str] = {}
    for entry in OmegaConf.load(CONF / "config.yaml").defaults:
        chosen.update(entry if not isinstance(entry, str) else {})
    see = "see `dropout-lab list {}`"
    groups = [[f"`{g}`", ", ".join(list_choices(g)), f"`{chosen[g]}`", see.format(g)] for g in GROUPS]
    rows = [[f"`{e.key}`", e.allowed, f"`{format_setting(e.default)}`", e.spec.help] for e in settings()]
    return format_markdown(["setting", "takes", "default", "what it is"], groups + rows, left=4)


def settings() -> list[Setting]:
    """Return the settings that take a value on the command line."""
    return [entry for entry in list_settings() if entry.name != "kind"]


def _cards(group: str) -> str:
    from dropout_lab.cli.cards import render_cards
    from dropout_lab.config.plugins import enable_plugins

    enable_plugins()
    with open_composer() as points:
        return render_cards(group, points)


def _group(group: str) -> str:
    return f"{group}=\n" + "\n".join(_card(name, read_card(group, name)[0], "  ") for name in list_choices(group))


def _head(entry: Setting) -> str:
    return f"{entry.key} ({entry.allowed}; default {format_setting(entry.default)})"


def _card(head: str, text: str, margin: str = "") -> str:
    inside = margin + " " * 4
    head = textwrap.fill(head, WIDTH, initial_indent=margin, subsequent_indent=margin + "  ")
    return head + "\n" + textwrap.fill(text, WIDTH, initial_indent=inside, subsequent_indent=inside)


def describe_columns() -> dict[str, str]:
    """Return the description of every column of ``trials.csv``, in order."""
    from dropout_lab.sweeps.ledger import trial_columns

    helps = {entry.column: entry.spec.help for entry in list_settings() if entry.spec.identity}
    return {name: MEASURED.get(name) or helps[name] for name in trial_columns()}


MEASURED = {
    "trial_id": "hash of everything that affects the trial",
    "status": "ok, diverged (the loss stopped being finite) or failed (tried again next time)",
    "read_test": "false for a trial that chose settings and never read the test part, else empty",
    "rate": "drop probability of the hidden sites; a list prints as 0.2/0.5",
    "regularizer": "the chosen regularizers, sorted and joined by +, or none",
    "l1": "its strength, empty if not chosen",
    "l2": "its strength, empty if not chosen",
    "max_norm": "its radius, empty if not chosen",
    "early_stopping": "its patience in epochs, empty if not chosen",
    "seed": "the trial seed",
    "train_accuracy": "fraction of training examples right, in eval mode",
    "val_accuracy": "the same on validation examples",
    "test_accuracy": "the same on test examples",
    "gap": "train minus test accuracy; test minus train rmse or perplexity for other tasks",
    "train_loss": "mean loss in eval mode without penalties: nats, or squared error of the scaled target",
    "val_loss": "the same on validation examples",
    "test_loss": "the same on test examples",
    "train_seconds": "wall-clock of the pack divided by its trials; bookkeeping, no effect of the arm",
    "seconds_per_epoch": "train_seconds divided by epochs_run",
    "epochs_run": "epochs trained",
    "best_epoch": "epoch of the lowest validation loss, from 1; under regularizer.min_gain the last that counted",
    "parameters": "number of parameters; dropout changes none",
    "active_parameters": "expected number between units that a mask keeps; empty where more than single units fall, "
    "and where a network of your own drops",
    "drop_fraction": "fraction of non-zero activations that the masks really dropped, from each epoch's first step",
    "pack_size": "trials trained together",
    "n_train": "training examples",
    "version": "of dropout-lab",
    "mean_activation": "mean over the hidden units, before dropout, of the test-time network on 1000 test examples",
    "zero_activations": "fraction of these activations that are 0",
    "n_test": "test examples, or tokens to predict of a running text; empty where the test part was not read",
    "majority_accuracy": "test accuracy of always predicting the class that is most frequent in the training part",
    "train_rmse": "root mean squared error in the target's unit, regression only",
    "val_rmse": "the same on validation examples",
    "test_rmse": "the same on test examples",
    "train_perplexity": "exponential of the mean loss of a token, language models only",
    "val_perplexity": "the same on the validation part",
    "test_perplexity": "the same on the test part",
    "train_bits_per_character": "mean loss of a character in bits, language models of characters only",
    "val_bits_per_character": "the same on the validation part",
    "test_bits_per_character": "the same on the test part",
}
