"""Evaluation of trained networks: prediction, Monte Carlo dropout, deep ensembles and measures."""
