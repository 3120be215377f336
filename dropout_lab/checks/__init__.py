"""Checks of the machine: whether this installation computes what it promises."""
