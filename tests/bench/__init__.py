"""Figures, printed as ratios of one run; never timed asserts. `python -m tests.bench.NAME`."""
