"""Trials that do not fit into memory are refused before anything trains, with the numbers."""

import pytest

from dropout_lab.sweeps import memory
from dropout_lab.sweeps.memory import format_bytes, is_out_of_memory


def test_parameters_beyond_the_memory_are_refused_with_the_numbers(folder, typed):
    for more in ((), ("--dry-run",)):
        status, out, err = typed("sweep", "model.hidden=[1000000,1000000]", *more)
        assert (status, out) == (2, "")
        assert "model=mlp: has 1,000,076,000,010 parameters, which need 10.9 TiB" in err
        assert len(err.splitlines()) == 1
    assert list(folder.iterdir()) == []


def test_a_limit_of_the_process_counts(trials, monkeypatch):
    from dropout_lab.sweeps.preflight import check_trials

    check_trials(trials("seeds=1"))
    monkeypatch.setattr(memory, "physical_memory", lambda: 1000)
    with pytest.raises(Exception, match=r"1000\.0 B are available"):
        check_trials(trials("seeds=1"))


@pytest.mark.parametrize(("count", "text"), [(1, "1.0 B"), (1536, "1.5 KiB"), (2**60, "1024.0 PiB")])
def test_bytes_as_text(count, text):
    assert format_bytes(count) == text


def test_an_allocation_failure_is_known_by_its_cause():
    error = ValueError("network fails")
    error.__cause__ = MemoryError()
    assert is_out_of_memory(error)
    assert not is_out_of_memory(RuntimeError("shapes do not match"))
