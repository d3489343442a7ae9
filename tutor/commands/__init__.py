"""One file a group of subcommands; each has `run(args) -> int`, the exit status."""
