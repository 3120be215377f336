"""Intervals and tests, without torch."""
