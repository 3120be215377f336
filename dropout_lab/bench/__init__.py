"""Measurements of speed: both sides in one process, interleaved, reported as ratios of medians."""
