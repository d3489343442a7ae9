"""The terminal UI, built on Textual."""
