"""Studies over planted ledgers: what a sweep would have stored, with numbers of the test's own."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from dropout_lab.studies.cells import make_cells
from dropout_lab.studies.loader import parse_study
from dropout_lab.studies.measurements import Measurements
from dropout_lab.sweeps.ledger import Ledger

BASE: dict[str, Any] = {
    "title": "A study",
    "source": "somebody",
    "question": "Is it so?",
    "base": "data=digits",
    "arms": {"a": "variant=none", "b": "variant=inverted rate=0.5"},
    "metrics": {"accuracy": {"value": "100 * test_accuracy", "title": "test accuracy, %", "better": "higher"}},
    "scales": {"smoke": {"set": "seeds=2"}, "laptop": {"set": "seeds=10"}, "paper": {}},
}


@pytest.fixture
def planted(tmp_path: Path) -> Callable[..., Measurements]:
    """Makes a measured study: ``planted(changes, {"a": [90, 91, ...]})``, values of 100 * test_accuracy by label."""

    def make(
        changes: Mapping[str, Any],
        values: Mapping[str, Sequence[float | None]],
        scale: str = "laptop",
        curves: Sequence[Mapping[str, Any]] = (),
        **columns: Any,
    ) -> Measurements:
        study = parse_study("planted", {**BASE, **changes})
        found = make_cells(study, study.scales[scale])
        rows, ids = [], {}
        for label in dict.fromkeys(cell.label for cell in found):
            ids[label] = [f"{label}-{seed}" for seed in range(len(values[label]))]
            for seed, value in enumerate(values[label]):
                row = {"trial_id": ids[label][seed], "status": "ok" if value is not None else "diverged", "seed": seed}
                rows.append(
                    {**row, "test_accuracy": None if value is None else value / 100, "n_train": 1000, **columns}
                )
        ledger = Ledger(tmp_path / f"planted-{len(list(tmp_path.iterdir()))}")
        ledger.append(rows, curves)
        return Measurements(study, study.scales[scale], ledger.folder, found, ids, {})

    return make
