"""The ledger: nothing finished is ever lost, nothing half is ever believed."""

import multiprocessing
import shutil
import subprocess
import sys

import pytest

from dropout_lab.cli.listing import describe_columns
from dropout_lab.errors import ConfigError
from dropout_lab.metrics import REQUESTED
from dropout_lab.sweeps.columns import COLUMNS, trial_columns
from dropout_lab.sweeps.ledger import Ledger

HEAD = ",".join(COLUMNS) + "\n"
CELLS = "," * (len(COLUMNS) - 1)
WHOLE = ",".join({"trial_id": "a", "status": "ok", "seed": "0"}.get(name, "") for name in COLUMNS)


def row(i, status="ok", **more):
    return {"trial_id": i, "status": status, "rate": 0.5, "seed": 0, **more}


def curve(i, epochs=2):
    return [{"trial_id": i, "epoch": e, "rate": 0.5, "train_loss": 1.0} for e in range(1, epochs + 1)]


def test_rows_come_back(folder):
    ledger = Ledger("out")
    ledger.append([row("a", train_loss=1 / 3), row("b", "diverged")], curve("a") + curve("b"))
    found = Ledger("out").rows()
    assert list(found) == ["a", "b"]
    assert found["a"]["train_loss"] == "0.333333333333"
    assert found["b"]["test_accuracy"] == ""


def test_the_header_is_the_contract_and_every_column_is_explained():
    assert trial_columns()[: len(COLUMNS)] == COLUMNS
    assert list(describe_columns()) == trial_columns(REQUESTED)
    assert all(describe_columns().values())


@pytest.mark.parametrize("cut", range(1, 50, 7))
def test_half_a_line_is_cut_off(folder, cut):
    ledger = Ledger("out")
    ledger.append([row("a"), row("b")], curve("a"))
    whole = ledger.trials_csv.read_bytes()
    ledger.trials_csv.write_bytes(whole[:-cut])
    again = Ledger("out")
    assert list(again.rows()) == ["a"]
    again.append([row("b")], [])
    assert again.trials_csv.read_bytes() == whole


def test_looking_does_not_touch(folder):
    looking = Ledger("nothing", write=False)
    assert looking.rows() == {}
    assert looking.packs() == []
    assert not (folder / "nothing").exists()


def test_a_retried_trial_is_replaced_and_orphaned_curves_go(folder):
    ledger = Ledger("out")
    ledger.append([row("a"), row("b", "failed")], curve("a") + curve("b") + curve("orphan"))
    ledger.forget({"b"})
    assert list(ledger.rows()) == ["a"]
    assert {line.split(",")[0] for line in ledger.curves_csv.read_text().splitlines()} == {"trial_id", "a"}


def test_older_and_richer_headers_are_kept_up(folder):
    ledger = Ledger("out")
    ledger.append([row("a")], [])
    lines = [line.split(",") for line in ledger.trials_csv.read_text().splitlines()]
    old = [[*line[:-2], cell] for line, cell in zip(lines, ("my_note", "hello"), strict=True)]
    ledger.trials_csv.write_text("\n".join(",".join(line) for line in old) + "\n")
    again = Ledger("out")
    again.append([row("b")], [])
    found = again.rows()
    assert found["a"]["my_note"] == "hello"
    assert found["b"]["my_note"] == ""
    assert found["b"]["status"] == "ok"
    assert set(trial_columns()) <= set(found["a"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name,value\nx,1\n3,4", "was not written by dropout-lab"),
        ("trial_id,value\nx,1\n", "was not written by dropout-lab"),
        ("one line, no newline", "was not written by dropout-lab"),
        (HEAD + WHOLE + "\nb\n", "line 3 does not have 33 cells"),
        (HEAD + "a" + CELLS + ",7\n", "line 2 does not have 33 cells"),
        (b"\xff\xfe\x00binary\n\xff", "cannot be read as CSV"),
        (b"\xff\xfe\x00binary\n", "cannot be read as CSV"),
    ],
)
def test_a_file_that_is_not_ours_is_refused_and_left_alone(folder, content, message):
    (folder / "out").mkdir()
    path = folder / "out" / "trials.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=message):
        Ledger("out")
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_written(folder):
    (folder / "file").touch()
    with pytest.raises(ConfigError, match="out=file: cannot be written"):
        Ledger("file")


def test_somebody_elses_folder_is_left_alone(folder):
    (folder / "out").mkdir()
    (folder / "out" / "config.yaml").write_text("mine: true\n")
    with pytest.raises(ConfigError, match=r"out=out: holds a config\.yaml that was not written by dropout-lab"):
        Ledger("out")
    assert [p.name for p in (folder / "out").iterdir()] == ["config.yaml"]


def test_results_copied_without_the_private_folder_are_ours(folder):
    ledger = Ledger("out")
    ledger.append([row("a")], [])
    (folder / "out" / "summary.md").touch()
    shutil.rmtree(ledger.private)
    assert list(Ledger("out").rows()) == ["a"]


def test_a_retry_keeps_the_users_own_column(folder):
    ledger = Ledger("out")
    ledger.append([row("a"), row("b", "failed")], [])
    lines = ledger.trials_csv.read_text().splitlines()
    ledger.trials_csv.write_text(
        "\n".join(f"{x},{y}" for x, y in zip(lines, ("note", "hello", ""), strict=True)) + "\n"
    )
    Ledger("out").forget({"b"})
    assert {i: r["note"] for i, r in Ledger("out").rows().items()} == {"a": "hello"}


@pytest.mark.parametrize("content", ["", "{", "null", '["a"]', '[{"x":1}]', "[{}]"])
def test_a_damaged_plan_is_made_anew(folder, content):
    ledger = Ledger("out")
    (ledger.private / "packs.json").write_text(content)
    assert ledger.packs() == []


def test_one_command_at_a_time(folder):
    first, second = Ledger("out"), Ledger("out")
    with (
        first.claim(),
        pytest.raises(ConfigError, match="another dropout-lab process is training in this folder"),
        second.claim(),
    ):
        pass
    with second.claim():
        pass


def test_two_writers_of_one_trial_store_it_once(folder):
    first, second = Ledger("out"), Ledger("out")
    first.append([row("a", rate=0.1)], curve("a"))
    second.append([row("a", rate=0.2), row("b")], curve("a") + curve("b"))
    first.append([row("b"), row("c")], curve("b") + curve("c"))
    ids = [line.split(",")[0] for line in first.trials_csv.read_text().splitlines()]
    assert ids == ["trial_id", "a", "b", "c"]
    assert len(first.curves_csv.read_text().splitlines()) == 1 + 3 * 2
    assert first.rows()["a"]["rate"] == "0.1"


def test_a_full_disk_leaves_no_half_line(folder):
    ledger = Ledger("out")
    ledger.append([row("a")], [])
    before = ledger.trials_csv.read_bytes()
    code = (
        "import resource, signal; from dropout_lab.sweeps.ledger import Ledger\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + 20}, {len(before) + 20}))\n"
        "try: Ledger('out').append([{'trial_id': 'b', 'status': 'ok'}], [])\n"
        "except OSError: print('refused')"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "refused\n"
    assert ledger.trials_csv.read_bytes() == before


def write_many(name):
    ledger = Ledger("out")
    for i in range(40):
        ledger.append([row(f"{name}{i}")], curve(f"{name}{i}"))


def test_processes_may_write_side_by_side(folder):
    Ledger("out")
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_many, args=(name,)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(Ledger("out").rows()) == 80


def test_plans_are_kept_until_done(folder):
    ledger = Ledger("out")
    ledger.store_packs([{"most": "auto", "trials": ["a", "b"]}, {"most": "auto", "trials": ["c"]}], set())
    ledger.store_packs([{"most": 1, "trials": ["d"]}], {"c"})
    assert ledger.packs() == [{"most": "auto", "trials": ["a", "b"]}, {"most": 1, "trials": ["d"]}]
