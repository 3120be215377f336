"""Studies of published experiments: published figures, claims, and verdicts from the ledger; does not import torch."""
