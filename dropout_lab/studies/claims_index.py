"""Index of the claims of all studies that were run, in one file, by category of claim."""

from pathlib import Path

import pandas as pd

from dropout_lab.errors import ConfigError
from dropout_lab.report.footnotes import TEST
from dropout_lab.report.formats import format_markdown
from dropout_lab.studies.report_files import CLAIMS, claim_lines
from dropout_lab.studies.study import CATEGORIES, SCALES
from dropout_lab.studies.verdicts import CONTRADICTED, INCOMPARABLE, OPEN, SUPPORTED

HEAD = "# Claims"
VERDICTS = (SUPPORTED, CONTRADICTED, OPEN, INCOMPARABLE)


def collect_claims(folder: Path) -> pd.DataFrame:
    """Return the claims of every study and scale below a folder, sorted by category, study and scale."""
    paths = sorted(
        (path for path in folder.glob("*/*/claims.csv") if path.parts[-2] in SCALES),
        key=lambda path: (path.parts[-3], SCALES.index(path.parts[-2])),
    )
    frames = [_read(path) for path in paths]
    frames = [frame for frame in frames if list(frame.columns) == CLAIMS and len(frame)]
    if not frames:
        return pd.DataFrame(columns=CLAIMS)
    whole = pd.concat(frames, ignore_index=True)
    order = {category: i for i, category in enumerate(CATEGORIES)}
    return whole.sort_values("category", key=lambda column: column.map(order), kind="stable", ignore_index=True)


def refuse_foreign_index(folder: Path) -> None:
    """Refuse a folder with a claims.csv or claims.md of the user, which would be overwritten.

    Raises:
        ConfigError: it has one.
    """
    heads = {"claims.csv": ",".join(CLAIMS), "claims.md": HEAD}
    for name, head in heads.items():
        path = folder / name
        if path.exists() and not (path.is_file() and path.read_bytes().startswith(head.encode())):
            raise ConfigError.of("out", str(folder), f"contains a {name} that was not written by dropout-lab")


def _read(path: Path) -> pd.DataFrame:
    """Return a file of claims; an empty table if it is damaged, since its study writes it again."""
    try:
        return pd.read_csv(path, dtype=object, keep_default_na=False)
    except (ValueError, pd.errors.ParserError):
        return pd.DataFrame()


def count_verdicts(frame: pd.DataFrame) -> str:
    """Return the number of claims per verdict as text, such as ``5 supported, 2 contradicted, ...``."""
    counts = {verdict: int((frame["verdict"] == verdict).sum()) for verdict in VERDICTS}
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


def count_categories(frame: pd.DataFrame) -> str:
    """Return the number of claims per category and verdict as text."""
    return "; ".join(f"{category}: {count_verdicts(claims)}" for category, claims in _by_category(frame))


def render_index(frame: pd.DataFrame) -> str:
    """Return the index as Markdown, with one table per category."""
    parts = [
        "# Claims",
        f"Each verdict comes from a test over replicates ({TEST}) at level 0.05, two-sided, Holm over the claims of "
        "its study and scale; p is corrected, and the interval inverts the same test at the level that decided. No "
        "family spans several studies, so the counts have no error rate of their own, and claims of different "
        "categories are not added up. `registered` compares the date at which the present form of a claim was "
        "registered (`conf/study/claims.lock`) with the oldest trial. The tests, with the deciding difference and its "
        "source, are in `claims.csv`.",
    ]
    for category, claims in _by_category(frame):
        titles, rows = claim_lines(claims, named=True)
        parts += [
            f"## {CATEGORIES[category]}",
            f"{len(claims)} claims on data: {count_verdicts(claims)}.",
            format_markdown(titles, rows, 4).rstrip(),
        ]
    return "\n\n".join(parts) + "\n"


def _by_category(frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    groups = {category: frame[frame["category"] == category] for category in CATEGORIES}
    return [(category, claims) for category, claims in groups.items() if len(claims)]
