"""Conditions of a comparison: what they may refer to, and whether trained cells meet them.

A condition decides whether a claim is judged. If it referred to the outcome of the arm that the claim is about, it
could set aside the very results that contradict the claim. It may therefore refer to what is fixed before training, or
to the mean outcome of an arm without dropout.
"""

import ast
from collections.abc import Sequence
from functools import cache

from dropout_lab.config import former_columns, list_settings
from dropout_lab.errors import ConfigError
from dropout_lab.studies.cells import StudyCell, make_cells
from dropout_lab.studies.claims import list_cells
from dropout_lab.studies.study import Conditions, ReferenceCondition, Study
from dropout_lab.studies.yaml_node import YamlNode

# Columns other than settings that are fixed before training; ``replicates`` is the number of finished trials of a cell.
SIZES = ("seed", "n_train", "n_test", "parameters", "active_parameters", "replicates")
# Settings that drop something; a cell in which all of them are zero is trained without dropout.
RATES = ("rate", "input_rate", "embedding_rate", "recurrent_rate")


def parse_conditions(node: YamlNode) -> Conditions:
    """Return the conditions of a study or of a claim.

    The node is a list of expressions and of mappings ``{reference: CELL, when: EXPRESSION}``, or ``any`` for no
    condition, or a sentence that says why results cannot be compared at any scale.

    Raises:
        ConfigError: an expression refers to an outcome of training.
    """
    if node.value == "any":
        return Conditions()
    if isinstance(node.value, str):
        return Conditions(never=node.text())
    expressions, references = [], []
    for entry in node.items_of_list():
        if isinstance(entry.value, dict):
            entry.mapping(("reference", "when"), ("reference", "when"))
            references.append(ReferenceCondition(entry.within("reference").text(), entry.within("when").text()))
        else:
            _check_fixed(entry)
            expressions.append(entry.text())
    return Conditions(expressions, "", references)


def _check_fixed(entry: YamlNode) -> None:
    for name in _names(entry.text()):
        if name not in _fixed_columns():
            raise entry.error(
                f"{entry.text()!r}: {name} is not fixed before training; a condition is about settings, "
                f"{', '.join(SIZES[1:])}, or about the mean of an arm without dropout, written "
                "{reference: ARM, when: EXPRESSION}"
            )


def _names(expression: str) -> list[str]:
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError):  # reported when the expression is evaluated
        return []
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called]


@cache
def _fixed_columns() -> frozenset[str]:
    settings = [entry.column for entry in list_settings() if entry.spec.identity]
    return frozenset(name.replace(".", "_") for name in (*settings, *former_columns(), *SIZES))


def check_references(study: Study) -> None:
    """Check that conditions on outcomes refer to arms without dropout that their claim is not about.

    Raises:
        ConfigError: a condition names a cell that does not exist, has dropout, or is the one that the claim is about.
    """
    checked: list[tuple[ReferenceCondition, list[str]]] = [(each, []) for each in study.comparable.reference]
    for claim in study.claims:
        own = claim.comparable or study.comparable
        checked += [(each, list(list_cells(claim))) for each in own.reference]
    if checked:
        cells = [cell for scale in study.scales.values() for cell in make_cells(study, scale)]
        for condition, names in checked:
            _check_reference(study, condition, names, cells)


def _check_reference(
    study: Study, condition: ReferenceCondition, names: Sequence[str], cells: Sequence[StudyCell]
) -> None:
    place = f"{study.name}: comparable: reference: {condition.cell}"
    matching = [cell for cell in cells if condition.cell in (cell.name, cell.label)]
    if not matching:
        known = ", ".join(dict.fromkeys(cell.name for cell in cells))
        raise ConfigError(f"{place}: no such cell; the cells are {known}")
    if not all(map(is_untreated, matching)):
        raise ConfigError(
            f"{place}: is trained with dropout; a condition may not depend on the outcome of a treated arm; name "
            "an arm with variant=none or rate=0"
        )
    compared = [cell for cell in cells if {cell.name, cell.label} & set(names)]
    about = names and {cell.label for cell in matching} <= {c.label for c in compared if names[0] in (c.name, c.label)}
    if about and all(map(is_untreated, compared)):
        raise ConfigError(f"{place}: is the arm that the claim is about; name the one with which it is compared")


def is_untreated(cell: StudyCell) -> bool:
    """Return whether a cell is trained without dropout."""
    if cell.settings.get("variant", "inverted") == "none":
        return True
    rates = [cell.settings.get(key, "0.5" if key == "rate" else "0") for key in RATES]
    return all(rate in ("0", "0.0", "null") for rate in rates)
