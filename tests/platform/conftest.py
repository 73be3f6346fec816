"""Folders for real databases: pytest closes its own to other users whenever a session starts."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def make_folder() -> Iterator[Callable[[], Path]]:
    """Makes folders that stay reachable for the user PostgreSQL runs as, and removes them at the end."""
    made: list[Path] = []

    def make() -> Path:
        made.append(Path(tempfile.mkdtemp(prefix="raterapp-test-")))
        return made[-1]

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)
