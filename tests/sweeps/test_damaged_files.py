"""Edited and damaged files of a sweep folder: one line with file, line and column, or the item is made again."""

import csv
import json
import re
import shutil
import struct
from pathlib import Path

import pytest

from dropout_lab.errors import ConfigError
from dropout_lab.evaluation.store import EvaluationStore
from dropout_lab.report.read_csv import read_trials
from dropout_lab.sweeps.checkpoints import is_whole, list_saved
from dropout_lab.sweeps.ledger import Ledger

WORDS = ("sweep", "model.hidden=[8]", "train.epochs=2", "seeds=3", "rate=0,0.5", "out=out")
KEPT = ("save_weights=true", "save_predictions=true")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished sweep with weights, predictions and an evaluation."""
    from dropout_lab.cli.app import main

    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("sys.argv", ["dropout-lab"])
        with pytest.raises(SystemExit):
            main([*WORDS, *KEPT])
        with pytest.raises(SystemExit):
            main(["evaluate", "out=out"])
    return folder / "out"


@pytest.fixture
def out(finished, folder):
    """A copy of the finished sweep in the working folder."""
    shutil.copytree(finished, folder / "out")
    return Path("out")


def edit(path, line, column, cell):
    rows = list(csv.reader(path.read_text().splitlines()))
    rows[line - 1][rows[0].index(column)] = cell
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


CELLS = {
    "seed": ["", "two", "1.5", "-1"],
    "status": ["fine", ""],
    "test_accuracy": ["0,9", "high"],
    "train_seconds": ["1_0"],
}


@pytest.mark.parametrize(("column", "cell"), [(name, cell) for name, cells in CELLS.items() for cell in cells])
def test_a_wrong_cell_is_named_by_file_line_and_column(out, column, cell):
    edit(out / "trials.csv", 3, column, cell)
    before = (out / "trials.csv").read_bytes()
    for use, error in ((Ledger, ConfigError), (read_trials, ValueError)):
        with pytest.raises(error, match=f"^out/trials.csv: line 3, column {column}: "):
            use(out)
    assert (out / "trials.csv").read_bytes() == before


@pytest.mark.parametrize("words", [WORDS, ("evaluate", "out=out"), ("table", "out=out")])
def test_every_command_names_a_wrong_cell_in_one_line(out, typed, words):
    edit(out / "trials.csv", 3, "seed", "two")
    status, _, err = typed(*words)
    assert (status, len(err.splitlines())) == (2, 1)
    assert "out/trials.csv: line 3, column seed: 'two' is not a whole number" in err


def damage(content):
    lines = content.splitlines(keepends=True)
    return {
        "a NUL byte": b"".join([*lines[:2], lines[2][:9] + b"\0" + lines[2][9:], *lines[3:]]),
        "latin-1": b"".join([*lines[:2], b"\xe9" + lines[2], *lines[3:]]),
        "a short line": b"".join([*lines[:2], lines[2][:60] + b"\n", *lines[3:]]),
        "a long line": b"".join([*lines[:2], lines[2][:-1] + b",1\n", *lines[3:]]),
        "an open quote": b"".join([*lines[:2], b'"' + lines[2], *lines[3:]]),
        "utf-16": content.decode().encode("utf-16"),
        "junk": bytes(range(256)) * 8,
    }


@pytest.mark.parametrize("name", ["trials.csv", "curves.csv", "evaluations.csv"])
@pytest.mark.parametrize("how", damage(b"x\n" * 4))
def test_damaged_tables_are_refused(out, name, how):
    path = out / name
    path.write_bytes(damage(path.read_bytes())[how])
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=f"^out/{name}: ") as refused:
        EvaluationStore(out) if name == "evaluations.csv" else Ledger(out)
    assert path.read_bytes() == before
    if "line" in how or how in ("a NUL byte", "latin-1"):
        assert "line 3" in str(refused.value)


def test_a_byte_order_mark_and_other_line_ends_are_read(out, typed):
    content = (out / "trials.csv").read_bytes()
    (out / "trials.csv").write_bytes(b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"))
    assert typed(*WORDS)[0] == 0
    assert typed("table", "out=out")[0] == 0


def test_semicolons_are_named(out, typed):
    (out / "trials.csv").write_bytes((out / "trials.csv").read_bytes().replace(b",", b";"))
    assert "its cells are separated by semicolons; save the file with commas" in typed(*WORDS)[2]


@pytest.mark.parametrize("same_id", [True, False])
def test_a_repeated_trial_counts_once(out, typed, same_id):
    path = out / "trials.csv"
    before = typed("table", "out=out")[1]
    last = path.read_text().splitlines()[-1]
    again = last if same_id else "1.23457E+11" + last[12:]
    path.write_text(path.read_text() + again + "\n")
    status, shown, _ = typed("table", "out=out")
    assert status == 0
    if same_id:
        assert shown == before
    else:
        scores = re.compile(
            r"(?<![+-])\b\d+\.\d\d \[[^\]]*\]"
        )  # the new id has no predictions, hence no crossed interval
        assert scores.findall(shown) == scores.findall(before)
        assert "1 rows repeat a seed of their arm under another id" in " ".join(shown.split())


PLANS = [
    *(1, {}, [1], [[]], [{"most": 1}], [{"most": 1, "trials": 1}], [{"most": 1, "trials": [[1]]}]),
    *([{"trials": ["a"]}], [{"most": 1, "trials": ["a", "a"]}]),
]


@pytest.mark.parametrize("plan", [*map(json.dumps, PLANS), "[" * 100_000, "\ud800"])
def test_a_damaged_plan_is_made_again(out, plan):
    (out / ".dropout-lab/packs.json").write_text(plan, errors="surrogatepass")
    assert Ledger(out).packs() == []


def test_a_damaged_stamp_draws_the_picture_again(out, typed):
    (out / ".dropout-lab/picture").write_bytes(b"\xff\x00\xfe")
    assert typed(*WORDS)[0] == 0
    assert len((out / ".dropout-lab/picture").read_bytes()) == 64


def test_damaged_tuning_files_are_named(out, typed):
    for content in (b"", b"\xff\xfe", b'arm\n"a'):
        (out / "tuning.csv").write_bytes(content)
        status, _, err = typed("table", "out=out")
        assert (status, len(err.splitlines())) == (2, 1)
        assert "out/tuning.csv: " in err


def files_of(out, kind):
    return sorted((out / kind).iterdir())


@pytest.mark.parametrize("kind", ["weights", "predictions"])
@pytest.mark.parametrize("content", [b"", b"junk", None], ids=["empty", "junk", "cut"])
def test_damaged_weights_and_predictions_are_made_again(out, typed, kind, content):
    path = files_of(out, kind)[0]
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    status, shown, err = typed(*WORDS, *KEPT)
    assert (status, err) == (0, "")
    assert "without the requested files" in shown
    assert len(path.read_bytes()) == len(whole)


@pytest.mark.parametrize("content", [b"", b"junk"])
def test_damaged_predictions_are_left_out_of_a_table(out, typed, content):
    path = files_of(out, "predictions")[0]
    path.write_bytes(content)
    status, shown, err = typed(*WORDS)
    assert (status, err) == (0, "")
    assert f"skipped: {path}: cannot be read" in shown


def rewrite(path, header=lambda values: None, tensors=lambda values: None):
    from safetensors import safe_open
    from safetensors.torch import save_file

    with safe_open(path, "pt") as file:
        metadata, found = json.loads(file.metadata()["dropout-lab"]), {n: file.get_tensor(n) for n in file.keys()}  # noqa: SIM118
    header(metadata)
    tensors(found)
    save_file({n: t.contiguous() for n, t in found.items()}, path, {"dropout-lab": json.dumps(metadata)})


def rename(values):
    values["other"] = values.pop(sorted(values)[0])


def reshape(values):
    values[sorted(values)[0]] = values[sorted(values)[0]].reshape(-1)[:1]


def add(values):
    values["new"] = next(iter(values.values())).clone()


@pytest.mark.parametrize("change", [rename, reshape, add, dict.clear])
def test_weights_of_another_network_are_named(out, typed, change):
    path = files_of(out, "weights")[0]
    rewrite(path, tensors=change)
    status, _, err = typed("evaluate", "out=out", "infer.bins=7")
    assert (status, len(err.splitlines())) == (2, 1)
    assert f"{path}: is damaged" in err


@pytest.mark.parametrize(
    "change",
    [lambda v: v.pop("moment"), lambda v: v.update(moment=1), lambda v: v.update(moment=["a", None]), dict.clear,
     lambda v: v.update(config=[]), lambda v: v.update(seed="x"), lambda v: v["config"].update(rate=7)],
)  # fmt: skip
def test_weights_with_another_header_are_named(out, change):
    path = files_of(out, "weights")[0]
    rewrite(path, header=change)
    with pytest.raises(ConfigError, match=str(path)):
        list_saved(out, [path.stem])


def test_a_header_that_claims_too_much_is_refused(out):
    path = files_of(out, "weights")[0]
    path.write_bytes(struct.pack("<Q", 2**62) + b"{}")
    with pytest.raises(ConfigError, match=str(path)):
        list_saved(out, [path.stem])
    assert not is_whole(path)
