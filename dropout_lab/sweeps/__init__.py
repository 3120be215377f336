"""From settings to stored results: arms, packs, the run and the ledger."""
