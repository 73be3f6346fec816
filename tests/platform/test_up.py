"""The supervisor as a person meets it: start, second start, kill -9, recovery, clean stop."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from raterapp.embedded.layout import MAX_SOCKET_PATH_BYTES, VarLayout
from raterapp.embedded.postgres import PostgresCluster
from tests.platform.upped import (
    CODE_DIR,
    UP_TEXT,
    Upped,
    all_gone,
    environment,
    free_port,
    processes_of,
)


@pytest.fixture
def deep_var(make_folder: Callable[[], Path]) -> Iterator[Path]:
    """A var folder too deep for any socket of its own; whatever a failed test leaves in it is ended."""
    var_dir = (
        make_folder() / "a-folder-whose-name-is-long" / "b-folder-whose-name-is-longer" / ("c" * 40) / "var"
    )
    assert len(os.fsencode(var_dir / "run" / "postgres" / ".s.PGSQL.5432")) > MAX_SOCKET_PATH_BYTES
    yield var_dir
    for process in processes_of(var_dir):
        process.kill()


def get(port: int, path: str) -> tuple[int, bytes]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
        return response.status, response.read()


def run_up(var_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "up", *arguments],
        cwd=CODE_DIR,
        env=environment(var_dir),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_killed_supervisor_leaves_nothing_and_the_next_one_recovers(deep_var: Path) -> None:
    port = free_port()
    first = Upped(deep_var, "--no-demo", "--port", str(port), "--workers", "1")
    first.read_until(UP_TEXT)
    assert json.loads(get(port, "/healthz")[1]) == {"status": "ok", "database": "ok", "broker": "ok"}

    recorded = json.loads((deep_var / "run" / "web.json").read_text())
    assert recorded["url"] == f"http://127.0.0.1:{port}/"  # where commands such as simulate_raters go

    # A second start on the same folder names the first one and changes nothing.
    second = run_up(deep_var, "--no-demo", "--port", str(free_port()))
    assert second.returncode == 1
    assert f"process {first.holder_pid()}" in second.stderr
    assert "Traceback" not in second.stderr
    assert get(port, "/healthz")[0] == 200

    # What was committed a moment before the kill is there afterwards.
    with psycopg.connect(PostgresCluster(VarLayout(deep_var)).url()) as connection:
        connection.execute("create table answer (text text)")
        connection.execute("insert into answer values ('kept')")
    left = [p for p in processes_of(deep_var) if p.pid != first.process.pid]
    assert {p.name() for p in left} >= {"postgres", "valkey-server"}
    first.process.kill()
    first.process.wait()
    assert all_gone(left)
    assert processes_of(deep_var) == []

    again = Upped(deep_var, "--no-demo", "--port", str(port), "--workers", "1")
    again.read_until(UP_TEXT)
    with psycopg.connect(PostgresCluster(VarLayout(deep_var)).url()) as connection:
        assert connection.execute("select text from answer").fetchone() == ("kept",)

    # A child that dies is started again, and its own children go with it.
    worker = psutil.Process(again.child_pid("training"))
    pool = worker.children()
    worker.kill()
    again.read_until("training started again")
    assert all_gone([worker, *pool])

    running = processes_of(deep_var)
    assert again.end(signal.SIGINT) == 0
    assert "Stopped." in again.output
    assert all_gone(running, within_s=0.0)
    assert processes_of(deep_var) == []
    assert list((deep_var / "run").glob("*.json")) == []


def test_a_port_in_use_is_named_with_the_way_out(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = run_up(tmp_path / "var", "--no-demo", "--port", str(port))
    assert refused.returncode == 1
    assert f"Port {port} on 127.0.0.1 is in use by process {os.getpid()}" in refused.stderr
    assert "--port" in refused.stderr
    assert processes_of(tmp_path / "var") == []


def test_a_var_folder_that_cannot_be_made_is_a_clear_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    refused = run_up(tmp_path / "file" / "var", "--no-demo")
    assert refused.returncode == 1
    assert str(tmp_path / "file" / "var") in refused.stderr
    assert "RATERAPP_VAR" in refused.stderr
    assert "Traceback" not in refused.stderr
