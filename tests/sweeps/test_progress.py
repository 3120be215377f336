"""Lines of progress where standard error is no terminal."""

import re
import subprocess
import sys

from dropout_lab.sweeps.progress import _Lines


def test_a_line_says_how_much_is_done_and_left():
    lines = _Lines(400, "training", "epochs")
    lines.stop()
    assert re.fullmatch(r"training: 0 of 400 epochs \(0 %\), 00:00 elapsed, \? left\n", lines.line())
    lines.done = 100
    lines._started -= 30
    assert lines.line() == "training: 100 of 400 epochs (25 %), 00:30 elapsed, 01:30 left\n"


def test_lines_come_from_a_long_sweep_without_a_terminal(folder):
    code = "import sys; from dropout_lab.sweeps import progress; progress.INTERVAL = 0.05\n"
    code += "from dropout_lab.cli.app import main; main(sys.argv[1:])"
    words = ["sweep", "seeds=2", "train.epochs=60", "model.hidden=[128]", "out=o"]
    shown = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert re.match(r"training: \d+ of 120 epochs \(\d+ %\), 00:00 elapsed, .* left\n", shown.stderr)
    assert "training:" not in shown.stdout
