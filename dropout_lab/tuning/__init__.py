"""Tuning of the settings of an arm on validation data."""
