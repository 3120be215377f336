"""Page of all studies of the literature that were run: a list of the studies, and the ledger of their claims."""

from pathlib import Path
from typing import Any

import pandas as pd

from dropout_lab import __version__
from dropout_lab.report.figures.data import as_number
from dropout_lab.report.footnotes import TEST
from dropout_lab.studies.claims_index import VERDICTS
from dropout_lab.studies.report_files import CLAIMS
from dropout_lab.studies.study import CATEGORIES, SCALES

CLAIM_CELLS = ("study", "scale", "data", "claim", "source", "verdict", "why", "n", "category")
FIGURES = ("README.md", "figure.png", "figure.svg", "table.csv", "claims.csv", "trials.csv")


def is_studies_folder(folder: Path) -> bool:
    """Return whether a folder holds studies, such as ``results/studies``, and no sweep."""
    scales = {path.parent.name for path in folder.glob("*/*/claims.csv")} if folder.is_dir() else set()
    return bool(scales & set(SCALES)) and not (folder / "trials.csv").exists()


def read_claims(folder: Path) -> pd.DataFrame:
    """Return the claims of every study and scale below a folder, by category; columns of older files are empty."""
    paths = sorted(path for path in folder.glob("*/*/claims.csv") if path.parent.name in SCALES)
    frames = [pd.read_csv(path, dtype=object, keep_default_na=False).reindex(columns=CLAIMS) for path in paths]
    claims = pd.concat([frame for frame in frames if len(frame)] or [pd.DataFrame(columns=CLAIMS)], ignore_index=True)
    order = {category: i for i, category in enumerate(CATEGORIES)}
    return claims.fillna("").sort_values("category", key=lambda c: c.map(order), kind="stable", ignore_index=True)


def studies_context(folder: Path) -> dict[str, Any]:
    """Return the template context of the page of all studies."""
    claims = read_claims(folder)
    places = sorted(
        (path.parent for path in folder.glob("*/*/README.md") if path.parent.name in SCALES),
        key=lambda path: (path.parent.name, SCALES.index(path.name)),
    )
    return {
        "title": "Studies",
        "test": TEST,
        "verdicts": list(dict.fromkeys([*VERDICTS, *claims["verdict"]])),
        "categories": [
            (CATEGORIES.get(str(category), "Claims without a category"), len(mine), _counts(mine))
            for category, mine in claims.groupby("category", sort=False)
        ],
        "studies": [_study(folder, place, claims) for place in places],
        "claims": [_claim(row) for row in claims.to_dict("records")],
        "names": sorted(set(claims["study"])),
        "version": __version__,
    }


def _counts(claims: pd.DataFrame) -> list[tuple[str, int, str]]:
    """Return each verdict that occurs with its number of claims and its class on the page."""
    names = dict.fromkeys([*VERDICTS, *claims["verdict"]])  # files of older versions have other verdicts
    counts = [(name, int((claims["verdict"] == name).sum()), _state(name)) for name in names]
    return [each for each in counts if each[1]]


def _state(verdict: str) -> str:
    return dict(zip(VERDICTS, ("better", "worse", "even", "none"), strict=True)).get(verdict, "none")


def _study(folder: Path, place: Path, claims: pd.DataFrame) -> dict[str, Any]:
    """Return the title, question, files and verdicts of one study at one scale."""
    lines = [line for line in (place / "README.md").read_text(encoding="utf-8").splitlines() if line.strip()]
    title = lines[0].removeprefix("# ") if lines else place.parent.name
    question = lines[1] if len(lines) > 1 else ""
    mine = claims[(claims["study"] == place.parent.name) & (claims["scale"] == place.name)]
    links = [(name, (place / name).relative_to(folder).as_posix()) for name in FIGURES if (place / name).exists()]
    return {
        "name": place.parent.name,
        "scale": place.name,
        "title": title,
        "question": question,
        "counts": _counts(mine),
        "links": links,
    }


def _claim(row: dict[Any, Any]) -> dict[str, str]:
    """Return the cells of one claim."""
    low, high, effect, p = (as_number(str(row[key])) for key in ("low", "high", "effect", "p_holm"))
    text = "" if effect is None else f"{effect:.3g}"
    if low is not None and high is not None:
        text += f" [{low:.3g}, {high:.3g}]"
    cells = {str(key): str(row[key]) for key in CLAIM_CELLS}
    cells["effect"] = f"{row['about']}: {text}" if row["about"] and text else text
    cells["p"] = "" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"
    cells["panel"] = str(row["panel"]) or cells["data"]
    cells["category"] = CATEGORIES.get(cells["category"], "Claims without a category")
    return cells | {"state": _state(cells["verdict"])}
