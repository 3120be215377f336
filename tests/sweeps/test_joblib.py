"""The joblib launcher of Hydra: one process for each arm, the same trials as without it."""

import subprocess
import sys

import pandas as pd
import pytest

pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="needs the extra `joblib`")
WORDS = ["rate=0,0.5", "seeds=2", "train.epochs=2", "data.train_size=200", "model.hidden=[8]"]


def sweep(folder, out, *words):
    command = [sys.executable, "-m", "dropout_lab", "sweep", *WORDS, f"out={out}", *words]
    shown = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    return pd.read_csv(folder / out / "curves.csv").sort_values(["trial_id", "epoch"], ignore_index=True)


def test_it_trains_the_same_trials(tmp_path):
    theirs = sweep(tmp_path, "theirs", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    assert len(theirs) == 8
    pd.testing.assert_frame_equal(theirs, sweep(tmp_path, "ours"))
