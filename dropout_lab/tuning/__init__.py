"""Choose the settings of an arm by validation data."""
