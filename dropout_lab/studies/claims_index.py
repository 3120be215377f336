"""Index of the claims of all studies that were run, in one file."""

from pathlib import Path

import pandas as pd

from dropout_lab.errors import ConfigError
from dropout_lab.report.formats import format_markdown
from dropout_lab.studies.report_files import CLAIMS, claim_lines
from dropout_lab.studies.study import SCALES
from dropout_lab.studies.verdicts import CONTRADICTED, INCOMPARABLE, OPEN, SUPPORTED

HEAD = "# Claims"
VERDICTS = (SUPPORTED, CONTRADICTED, OPEN, INCOMPARABLE)


def collect_claims(folder: Path) -> pd.DataFrame:
    """Return the claims of every study and scale below a folder, sorted by study and scale."""
    found = sorted(folder.glob("*/*/claims.csv"), key=lambda p: (p.parts[-3], SCALES.index(p.parts[-2])))
    frames = [_read(path) for path in found if path.parts[-2] in SCALES]
    frames = [frame for frame in frames if list(frame.columns) == CLAIMS and len(frame)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=CLAIMS)


def refuse_foreign_index(folder: Path) -> None:
    """Refuse a folder with a claims.csv or claims.md of the user, which would be overwritten.

    Raises:
        ConfigError: it has one.
    """
    heads = {"claims.csv": ",".join(CLAIMS), "claims.md": HEAD}
    for name, head in heads.items():
        path = folder / name
        if path.exists() and not (path.is_file() and path.read_bytes().startswith(head.encode())):
            raise ConfigError.of("out", str(folder), f"holds a {name} that is not dropout-lab's")


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


def render_index(frame: pd.DataFrame) -> str:
    """Return the index as Markdown."""
    titles, rows = claim_lines(frame, named=True)
    head = f"{HEAD}\n\n{len(frame)} claims on data: {count_verdicts(frame)}.\n\n"
    rule = (
        "\nEach verdict is a paired sign-flip test over replicates at level 0.05, two-sided, Holm over the claims of "
        "its study; p is corrected. The tests, with the deciding difference and its source, stand in `claims.csv`.\n"
    )
    return head + format_markdown(titles, rows, 4) + rule
