"""The bench: ratios that do not depend on what slows both sides."""

import time

import pytest

from dropout_lab.sweeps.interleaved import describe_machine, ratios


def test_ratios_are_taken_within_a_round(monkeypatch):
    """A machine that is five times slower in every other round, by a clock of its own."""
    now, calls = [0.0], []

    def work(seconds):
        def run():
            slow = 5 if len(calls) // 12 % 2 else 1
            calls.append(seconds)
            now[0] += seconds * slow

        return run

    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    found = ratios({"a": work(1.0), "b": work(3.0)}, "a", rounds=8, repeats=6)
    assert found["a"].median == 1
    assert found["b"].median == pytest.approx(3, rel=0.25)
    assert found["b"].low <= found["b"].median <= found["b"].high
    assert found["b"].rounds == 8


def test_the_machine_is_named_with_versions():
    import torch

    assert f"torch {torch.__version__}" in describe_machine()
    assert "\n" not in describe_machine()
