"""The process that calls the API, which is left as it was, and the settings that are changed for a while."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from dropout_lab.process_settings import denormals_are_flushed, flush_denormals, use_threads

SCRIPT = Path(__file__).with_name("host_process.py")
CASES = (
    "sweep evaluate refused_sweep refused_evaluation interrupted_sweep failed_sweep careless_network wide_sweep command"
).split()


@pytest.mark.parametrize("host", ["default", "changed"])
def test_the_process_is_left_as_it_was(tmp_path, host):
    cases = [*CASES, "tuned_sweep"] if find_spec("optuna") else CASES
    command = [sys.executable, SCRIPT, host, *cases]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout) == {case: {} for case in cases}


MEMORY = """
import sys
from pathlib import Path
import numpy as np
import dropout_lab

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

SMALL = dict(data={"train_size": 100}, model={"hidden": [8]}, train={"epochs": 1}, seeds=1)
dropout_lab.sweep(rate=0.5, workers=1, **SMALL)
if len(sys.argv) > 1:
    from dropout_lab.process_settings import keep_freed_memory
    keep_freed_memory()
blocks = [np.ones(20 * 2**17) for _ in range(10)]  # of 20 MiB
full = resident()
del blocks
print(full - resident())
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
@pytest.mark.parametrize(("words", "returned"), [([], True), (["keep"], False)])
def test_a_process_that_calls_the_api_still_returns_its_memory(tmp_path, words, returned):
    command = [sys.executable, "-c", MEMORY, *words]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (float(shown.stdout) > 150) == returned


@pytest.mark.parametrize("before", [False, True])
def test_denormals_are_flushed_in_all_threads_and_only_inside(before):
    torch.set_flush_denormal(before)
    numbers = torch.full((2**18,), 1e-40)
    try:
        with use_threads(2):
            assert float((numbers * 1 == 0).double().mean()) == before  # this starts the second thread
            with flush_denormals():
                assert denormals_are_flushed()
                assert (numbers * 1 == 0).all()
            assert denormals_are_flushed() == before
            assert float((numbers * 1 == 0).double().mean()) == before
    finally:
        torch.set_flush_denormal(False)


def test_threads_are_given_back_after_an_exception():
    before = torch.get_num_threads()

    def fail():
        with use_threads(before + 1):
            assert torch.get_num_threads() == before + 1
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert torch.get_num_threads() == before
