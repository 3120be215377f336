"""README of a study that was run."""

from collections.abc import Sequence

import pandas as pd

from dropout_lab.report.footnotes import TEST
from dropout_lab.studies.measurements import Measurements
from dropout_lab.studies.study import SMOKE


def render_readme(
    measured: Measurements, shown: str, below: Sequence[str], claims: str, frame: pd.DataFrame, command: str
) -> str:
    """Return the settings of a study, its data and its results as Markdown.

    Args:
        measured: the cells of the study.
        shown: the table of the study as Markdown.
        below: sentences below the table.
        claims: the claims as Markdown; empty if there are none.
        frame: the claims as a table.
        command: command that reproduces the study.
    """
    study, scale = measured.study, measured.scale
    settings = [("All arms", study.base), (f"Scale {scale.name}", scale.words)]
    settings += [
        (f"Data {name}", {**study.panels[name], **(scale.panels or {}).get(name, {})}) for name in measured.panels
    ]
    settings += [(f"Arm {name}", {**words, **scale.arms.get(name, {})}) for name, words in study.arms.items()]
    lists = [f"- {name}: `{' '.join(words.values())}`" for name, words in settings if words]
    original = [f"- {key}: {text}" for key, text in study.original.items()]
    parts = [
        f"# {study.title}",
        f"{study.question} After {study.source}.",
        f"Scale {scale.name}: `{command}`"
        + (" (a smoke run, whose figures are meaningless)" if scale.name == SMOKE else ""),
        "![the figure of this study](figure.png)",
        shown + "\n" + "\n".join(f"{text}\n" for text in below).rstrip(),
        *(["## Claims", claims.rstrip(), _rule(frame)] if len(frame) else []),
        "## Settings",
        "\n".join(lists),
        *(["## As published", "\n".join(original)] if original else []),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _rule(frame: pd.DataFrame) -> str:
    judged = int(frame["p_holm"].notna().sum())
    return (
        f"Verdicts come from tests over replicates ({TEST}) at level 0.05, two-sided"
        + (f", Holm over {judged} claims" if judged > 1 else "")
        + "; each interval inverts the same test at the level that decided. The tests are in `claims.csv`."
    )
