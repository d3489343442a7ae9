"""One file a lab, all of one shape: a coroutine `run(stage)` and the table `VERDICTS`."""
