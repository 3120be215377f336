"""Studies of the literature: what was published, what is claimed of it, and what the ledger says; without torch."""
