"""Figures of a sweep folder: one module per kind of figure, all with the style of ``style.py``."""
