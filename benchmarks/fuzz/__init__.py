"""Hostile input for whatever the project reads, for a set time: see `benchmarks/fuzz/__main__.py`."""
