"""Configuration files that name code for Hydra to run, and Hydra's own errors: one line, nothing is run."""

from pathlib import Path

import pytest

BASIC = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"
COPY = "{_target_: shutil.copyfile, src: source, dst: copied}"
FILES = {
    "evil": "_target_: os.system\ncommand: touch copied\n",
    "nested": f"_target_: {BASIC}\nextra: {COPY}\n",
    "listed": f"_target_: {BASIC}\nextra: [{COPY}]\n",
    "packed": f"_target_: hydra_plugins.dropout_lab_packed.PackedLauncher\nextra: {COPY}\n",
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("flag", [("--dry-run",), ()])
def test_a_launcher_runs_no_other_code(folder, typed, name, flag):
    place = folder / "conf/hydra/launcher"
    place.mkdir(parents=True)
    (place / f"{name}.yaml").write_text(FILES[name])
    (folder / "source").touch()
    chosen = () if name == "packed" else (f"hydra/launcher={name}",)
    status, out, err = typed("sweep", "--config-dir", str(folder / "conf"), *chosen, "seeds=1", *flag)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert not Path("copied").exists()


WORDS = ["hydra.verbose=99", "hydra.verbose={a:1}", "hydra.job_logging=7", "hydra.launcher=null"]


@pytest.mark.parametrize("word", WORDS)
def test_errors_of_hydra_are_one_line(folder, typed, word):
    status, _, err = typed("sweep", word, "seeds=1", "train.epochs=1", "--dry-run")
    assert status in (0, 2)
    assert len(err.splitlines()) == (status == 2)
    assert list(folder.iterdir()) == []
