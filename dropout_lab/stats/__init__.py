"""Confidence intervals, hypothesis tests and evaluation metrics; does not import torch."""
