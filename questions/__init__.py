"""Content only: YAML, one file a section, in the order of the file names."""
