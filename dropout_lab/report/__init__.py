"""Tables and plots from a sweep folder, without torch."""
