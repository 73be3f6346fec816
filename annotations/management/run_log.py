"""Shows a run's log lines on a command's standard error while the command executes it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

LOGGER = "annotations.runs.context"


@contextmanager
def shown_on(stream: TextIO) -> Iterator[None]:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger(LOGGER)
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate
