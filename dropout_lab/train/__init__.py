"""Training of a pack of M trials as one stacked model."""
