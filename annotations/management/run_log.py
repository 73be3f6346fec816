"""Shows a run's log lines on a command's standard error while the command executes it.

A failure's traceback stays in the run's own log: the command says what was wrong in words.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

LOGGER = "annotations.runs.context"
FAILURES = "annotations.runs.execution"


@contextmanager
def shown_on(stream: TextIO) -> Iterator[None]:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger(LOGGER)
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    failures = logging.getLogger(FAILURES)
    failures_disabled, failures.disabled = failures.disabled, True
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate
        failures.disabled = failures_disabled
