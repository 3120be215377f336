"""Peers of the benchmark: small programs, each written as the documentation of its library recommends."""
