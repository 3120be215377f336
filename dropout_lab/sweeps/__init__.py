"""Sweeps: arms, packs of trials, their training, and the ledger of results."""
