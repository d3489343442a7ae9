"""A logger that keeps what the websockets library would print (a traceback for each odd close) off standard error."""

from __future__ import annotations

import logging


def quiet_logger() -> logging.Logger:
    """Takes everything, shows nothing: a lab tells what happened by its tape."""
    logger = logging.getLogger("labs.quiet")
    logger.propagate = False
    logger.setLevel(logging.CRITICAL + 1)
    return logger
