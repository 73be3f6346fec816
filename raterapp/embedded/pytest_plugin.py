"""Gives the test suite a real PostgreSQL and a real broker before settings load."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

_folder: Path | None = None
_valkey: subprocess.Popen[bytes] | None = None


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    global _folder
    from raterapp.embedded.layout import VarLayout
    from raterapp.embedded.postgres import join_postgres

    _folder = Path(tempfile.mkdtemp(prefix="raterapp-test-"))
    layout = VarLayout(_folder)
    os.environ["RATERAPP_VAR"] = str(_folder)
    (_folder / "static").mkdir()
    if "DATABASE_URL" not in os.environ:
        os.environ["DATABASE_URL"] = join_postgres(layout, tied=True)
    if "CELERY_BROKER_URL" not in os.environ:
        _start_valkey(_folder)


def _start_valkey(folder: Path) -> None:
    global _valkey
    from raterapp.embedded.layout import VarLayout
    from raterapp.embedded.process import tied_to_parent
    from raterapp.embedded.valkey import ValkeyServer, popen_options

    server = ValkeyServer(VarLayout(folder))
    server.prepare()
    with (folder / "valkey.log").open("wb") as log:
        _valkey = subprocess.Popen(
            server.command(),
            stdout=log,
            stderr=log,
            preexec_fn=tied_to_parent(signal.SIGKILL),
            **popen_options(),
        )
    deadline = time.monotonic() + 10
    while not server.answers():
        if _valkey.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"Valkey did not start: {(folder / 'valkey.log').read_text()}")
        time.sleep(0.02)
    os.environ["CELERY_BROKER_URL"] = server.broker_url
    os.environ["CACHE_URL"] = server.cache_url


def pytest_unconfigure(config: pytest.Config) -> None:
    if _valkey is not None:
        _valkey.kill()
        _valkey.wait()
    if _folder is not None:
        from raterapp.embedded.layout import VarLayout
        from raterapp.embedded.postgres import PostgresCluster

        PostgresCluster(VarLayout(_folder)).stop()
        shutil.rmtree(_folder, ignore_errors=True)
