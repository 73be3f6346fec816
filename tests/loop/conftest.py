"""The catalogue in miniature for the loop."""

from pathlib import Path

import pytest

from annotations.models import Catalogue
from tests.miniature import import_miniature


@pytest.fixture
def miniature(transactional_db, settings, tmp_path: Path) -> Catalogue:
    settings.ARTIFACTS_URL = str(tmp_path / "artifacts")
    settings.SCRATCH_DIR = tmp_path / "scratch"
    return import_miniature(tmp_path)
