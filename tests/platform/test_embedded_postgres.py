"""The embedded database: who counts as the server, what a kill may leave, who stops it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from raterapp.embedded import locks, system_user
from raterapp.embedded.layout import VarLayout
from raterapp.embedded.postgres import PostgresCluster, PostgresError
from raterapp.embedded.process import is_alive, start_time

CODE_DIR = Path(__file__).resolve().parents[2]
JOIN = """
import sys
from pathlib import Path
from raterapp.embedded.layout import VarLayout
from raterapp.embedded.postgres import join_postgres
print(join_postgres(VarLayout(Path(sys.argv[1]))), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def cluster(make_folder: Callable[[], Path]) -> Iterator[PostgresCluster]:
    """A data folder made once for this file; whatever runs on it at the end is stopped."""
    cluster = PostgresCluster(VarLayout(make_folder()))
    with locks.exclusive(cluster.mutex_path):
        cluster.prepare()
    yield cluster
    cluster.stop()


class Joined:
    """Another process that uses the database until it is told to end."""

    def __init__(self, cluster: PostgresCluster) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", JOIN, str(cluster.layout.root)],
            cwd=CODE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("postgres://")

    def leave(self) -> None:
        self.process.communicate("")

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_the_last_to_leave_stops_it_and_a_killed_user_does_not_count(cluster: PostgresCluster) -> None:
    first, second = Joined(cluster), Joined(cluster)
    assert first.url == second.url
    server = cluster.running()
    assert server is not None
    started_at = start_time(server.pid)
    assert started_at is not None
    with psycopg.connect(first.url) as connection:
        durable = [
            connection.execute(f"show {name}").fetchone()
            for name in ("fsync", "synchronous_commit", "full_page_writes", "listen_addresses")
        ]
    assert durable == [("on",), ("on",), ("on",), ("",)]
    first.kill()
    assert cluster.running() == server
    second.leave()
    assert cluster.running() is None
    assert not is_alive(server.pid, started_at)


def test_a_server_left_by_a_killed_user_is_taken_over(cluster: PostgresCluster) -> None:
    first = Joined(cluster)
    server = cluster.running()
    first.kill()
    assert cluster.running() == server
    second = Joined(cluster)
    assert cluster.running() == server
    second.leave()
    assert cluster.running() is None


def test_the_socket_is_private(cluster: PostgresCluster) -> None:
    joined = Joined(cluster)
    server = cluster.running()
    assert server is not None
    assert server.socket_dir.stat().st_mode & 0o077 == 0
    assert cluster.data_dir.stat().st_mode & 0o077 == 0
    joined.leave()


def test_a_recycled_pid_is_not_the_server(cluster: PostgresCluster) -> None:
    # This very process is alive and is no database: PostgreSQL itself would refuse to start.
    stale = cluster.data_dir / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{cluster.data_dir}\n1\n5432\n/tmp\n\n 1 1\nready\n")
    assert cluster.running() is None
    joined = Joined(cluster)
    server = cluster.running()
    assert server is not None
    assert server.pid != os.getpid()
    joined.leave()


def test_a_killed_server_is_started_again_with_its_data(cluster: PostgresCluster) -> None:
    joined = Joined(cluster)
    with psycopg.connect(joined.url) as connection:
        connection.execute("create table kept (n int)")
        connection.execute("insert into kept values (7)")
    server = cluster.running()
    assert server is not None
    psutil.Process(server.pid).kill()
    joined.kill()
    again = Joined(cluster)
    with psycopg.connect(again.url) as connection:
        assert connection.execute("select n from kept").fetchone() == (7,)
    again.leave()


def test_a_half_made_data_folder_is_never_taken_for_a_whole_one(make_folder: Callable[[], Path]) -> None:
    cluster = PostgresCluster(VarLayout(make_folder()))
    half_made = cluster.layout.root / "postgres.new-99999"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    with locks.exclusive(cluster.mutex_path):
        cluster.prepare()
    assert not half_made.exists()
    assert (cluster.data_dir / "global" / "pg_control").exists()


def test_a_folder_of_another_version_or_of_other_things_is_refused(tmp_path: Path) -> None:
    cluster = PostgresCluster(VarLayout(tmp_path))
    cluster.data_dir.mkdir()
    (cluster.data_dir / "thesis.txt").write_text("not a database")
    with pytest.raises(PostgresError, match="holds no database"):
        cluster.prepare()
    (cluster.data_dir / "PG_VERSION").write_text("12\n")
    with pytest.raises(PostgresError, match="made by PostgreSQL 12"):
        cluster.prepare()
    assert (cluster.data_dir / "thesis.txt").read_text() == "not a database"


def test_passage_is_granted_without_listing(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "data").mkdir(parents=True)
    closed.chmod(0o700)
    system_user.grant_passage(closed / "data")
    assert closed.stat().st_mode & 0o777 == 0o701


def test_a_tied_child_dies_with_its_parent() -> None:
    script = """
import signal, subprocess, sys
from raterapp.embedded.process import tied_to_parent
child = subprocess.Popen(["sleep", "60"], preexec_fn=tied_to_parent(signal.SIGTERM), start_new_session=True)
print(child.pid, flush=True)
sys.stdin.read()
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", script], cwd=CODE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    assert child.is_running()
    started_at = time.monotonic()
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    assert psutil.wait_procs([child], timeout=10)[1] == []
    assert time.monotonic() - started_at < 10
