"""The study engine: questions, search, progress. No screen and no socket."""
