"""The engine: trains a pack of M trials as one stacked model."""
