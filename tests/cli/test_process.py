"""The command line as a process: killed, interrupted, cut off, in a poor terminal."""

import os
import re
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

TINY = ["model.hidden=[8]", "train.epochs=2", "seeds=2"]
TIMES = ["train_seconds", "seconds_per_epoch"]


def program(*words, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "dropout_lab", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A background job of a shell without job control is born deaf to Ctrl-C; the user's terminal is not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **options,
    )


def test_help_needs_neither_torch_nor_hydra():
    code = "import sys; from dropout_lab.cli.app import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "print(*(m for m in ('torch', 'hydra', 'pandas', 'sklearn') if m in sys.modules), file=sys.stderr)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stderr.strip() == ""


def test_a_wrong_word_is_answered_without_torch(folder):
    code = "import sys; from dropout_lab.cli.app import main\ntry: main(['sweep', 'rate=2'])\nexcept SystemExit: pass\n"
    code += "print('torch' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"


@pytest.mark.slow
def test_killed_without_warning_and_started_again(folder):
    words = ["sweep", "rate=0,0.3,0.5", "seeds=4", "train.epochs=20", "model.hidden=[32]", "max_pack_size=3"]
    whole = program(*words, "out=whole")
    assert whole.communicate()[1] == ""
    assert whole.returncode == 0
    victim = program(*words, "out=victim")
    rows = folder / "victim" / "trials.csv"
    while not (rows.exists() and len(rows.read_text().splitlines()) > 3):
        assert victim.poll() is None, "too fast to be killed half-way"
        time.sleep(0.01)
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    assert len(rows.read_text().splitlines()) < 13
    again = program(*words, "out=victim")
    out, _ = again.communicate()
    assert again.returncode == 0
    assert re.match(r"victim: 12 trials, (3|6|9) already completed; training", out)
    a, b = (
        pd.read_csv(f"{name}/trials.csv", dtype=str).drop(columns=TIMES).sort_values("trial_id", ignore_index=True)
        for name in ("whole", "victim")
    )
    pd.testing.assert_frame_equal(a, b)


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(folder):
    running = program("sweep", "seeds=50", "train.epochs=500", "max_pack_size=1")
    while not (folder / "results/sweep/config.yaml").exists():
        assert running.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate()
    assert running.returncode == 130
    assert re.fullmatch(r"dropout-lab: interrupted; \d+ of 50 trials are saved in results/sweep; .*\n", err)
    assert "Traceback" not in out + err


def test_a_reader_that_has_seen_enough_is_no_error(folder):
    # Python flushes at exit; a closed pipe must not print a traceback then.
    shown = subprocess.run(
        f"{sys.executable} -m dropout_lab list settings | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stderr == ""


@pytest.mark.parametrize("reader", ["true", "head -1"])
def test_a_closed_pipe_stops_no_training_and_hides_no_divergence(folder, reader):
    words = "sweep data=wine seeds=2 train.epochs=1 train.lr=1e30,0.001 max_pack_size=1 workers=1"
    line = f"{sys.executable} -m dropout_lab {words} | {reader}; exit ${{PIPESTATUS[0]}}"
    shown = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert (shown.returncode, shown.stderr) == (1, "")
    assert len(pd.read_csv("results/sweep/trials.csv")) == 4
    assert (folder / "results/sweep/summary.png").exists()


def test_it_runs_where_the_terminal_knows_only_ascii(folder):
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    shown = program("sweep", "rate=0,0.5", *TINY, env=environment)
    _, err = shown.communicate()
    assert shown.returncode == 0, err


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_ending_signal_says_what_is_saved(folder, number, status):
    running = program("sweep", "seeds=50", "train.epochs=500", "max_pack_size=1")
    while not (folder / "results/sweep/config.yaml").exists():
        assert running.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)
    running.send_signal(number)
    out, err = running.communicate(timeout=60)
    assert running.returncode == status
    assert re.fullmatch(r"dropout-lab: interrupted; \d+ of 50 trials are saved in results/sweep; .*\n", err)
    assert "Traceback" not in out + err


@pytest.mark.slow
def test_ctrl_c_many_times_is_as_clean_as_once(folder):
    running = program("sweep", "seeds=50", "train.epochs=500", "max_pack_size=1")
    while not (folder / "results/sweep/config.yaml").exists():
        assert running.poll() is None
        time.sleep(0.02)
    for _ in range(20):
        running.send_signal(signal.SIGINT)
        time.sleep(0.01)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert len(err.splitlines()) == 1


def test_a_signal_that_the_caller_ignores_stays_ignored(folder):
    code = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    code += "from dropout_lab.signals import interruptible\n"
    code += "with interruptible(): print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "True"
