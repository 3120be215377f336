"""Former names of settings, of columns and of their values in stored CSV files, which are read for one release."""

import re
import warnings
from collections.abc import Mapping
from typing import Any

from dropout_lab.settings.fields import DeprecatedSetting

# Former key of a setting -> current key. The identity of a trial keeps the former key; see `Spec.identity_key`.
FORMER_KEYS: Mapping[str, str] = {
    "seed": "base_seed",
    "pack": "max_pack_size",
    "save": "save_weights",
    "read_test": "evaluate_test",
    "paper_scale": "convert_paper_constants",
    "between_rate": "inter_layer_rate",
    "data.length": "data.max_length",
    "data.pad": "data.padding",
    "data.vocabulary": "data.vocab_size",
    "data.window": "data.bptt",
    "data.tokens": "data.tokenizer",
    "model.init": "model.init_range",
    "train.clip": "train.grad_clip_norm",
    "infer.precision": "infer.tau",
    "regularizer.min_gain": "regularizer.min_delta",
    "regularizer.restore": "regularizer.restore_best",
    "regularizer.l1_from": "regularizer.l1_start",
    "regularizer.elastic_ratio": "regularizer.l1_ratio",
    "variant.activity": "variant.ar",
    "variant.slowness": "variant.tar",
    "variant.agreement": "variant.kl_weight",
    "variant.speed": "variant.lr_multiplier",
    "variant.per": "variant.granularity",
    "variant.gates": "variant.gate_masks",
}
# Former settings whose former name is not that of a former column: `seed` is the column of the trial seed.
_WITHOUT_COLUMN = ("seed", "pack", "save")
# Former column -> current column, of every CSV file in a sweep folder.
FORMER_COLUMNS: Mapping[str, str] = {
    **{former: current for former, current in FORMER_KEYS.items() if former not in _WITHOUT_COLUMN},
    "zero_activations": "activation_sparsity",
    "against": "ood_data",
    "only_arm": "n_only_arm",
    "only_other": "n_only_other",
    "p_examples": "p_mcnemar",
}
# Column -> former value -> current value.
FORMER_VALUES: Mapping[str, Mapping[str, str]] = {
    "kind": {"plain": "single", "implicit": "mc_dropout", "explicit": "deep_ensemble"},
}


def update_row(row: Mapping[str, str]) -> dict[str, str]:
    """Return a row of a stored CSV file under the current names of its columns and values."""
    updated: dict[str, str] = {}
    for name, value in row.items():
        column = FORMER_COLUMNS.get(name, name)
        current = FORMER_VALUES.get(column, {}).get(value, value)
        updated[column] = current or updated.get(column, "")  # a merged file may have both columns
    return updated


def current_options(group: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a group by current name, with a warning for each former name."""
    updated: dict[str, Any] = {}
    for name, value in options.items():
        current = FORMER_KEYS.get(f"{group}.{name}", "").rpartition(".")[2]
        if current:
            warnings.warn(
                f"{name}= is deprecated and will be removed; write {current}=", DeprecatedSetting, stacklevel=3
            )
        updated[current or name] = value
    return updated


def former_word(word: str) -> str:
    """Return a word ``KEY=VALUE`` under the former key of its setting."""
    key, equals, value = word.partition("=")
    return f"{_FORMER_KEY_OF.get(key, key)}{equals}{value}"


def former_expression(text: str) -> str:
    """Return an expression over columns, in which ``_`` stands for a dot, under the former names of the columns."""
    return _COLUMN.sub(lambda match: _FORMER_COLUMN_OF[match[0]], text)


_FORMER_KEY_OF = {current: former for former, current in FORMER_KEYS.items()}
_FORMER_COLUMN_OF = {current.replace(".", "_"): former.replace(".", "_") for former, current in FORMER_COLUMNS.items()}
_COLUMN = re.compile(rf"\b(?:{'|'.join(_FORMER_COLUMN_OF)})\b")
