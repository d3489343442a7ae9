"""`python3 -m tests` runs them all; the tree mirrors the code."""
