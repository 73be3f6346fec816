"""The children of ``up``, in the order in which they start."""

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raterapp.embedded import locks
from raterapp.embedded.layout import VarLayout
from raterapp.embedded.postgres import PostgresCluster
from raterapp.embedded.valkey import ValkeyServer
from raterapp.embedded.valkey import popen_options as valkey_options
from raterapp.supervisor.child import MARKER, ChildSpec

CODE_DIR = Path(__file__).resolve().parents[2]
TRAINING_NICE = 10


@dataclass(frozen=True)
class UpOptions:
    """What the person who starts the product may choose."""

    host: str = "127.0.0.1"
    port: int = 8000
    web_workers: int = 2
    with_demo: bool = True


def postgres_spec(cluster: PostgresCluster) -> ChildSpec:
    """The database. A running one is taken over if a command uses it, else replaced by a child of ours."""

    def adopt() -> int | None:
        server = cluster.running()
        if server is None:
            return None
        if locks.in_use(cluster.use_path):
            return server.pid
        cluster.stop()
        return None

    return ChildSpec(
        name="postgres",
        command=cluster.command,
        popen_options=cluster.popen_options(),
        # Fast, then immediate shutdown: both roll back what is open and keep what is committed.
        stop=((signal.SIGINT, 20.0), (signal.SIGQUIT, 10.0)),
        death_signal=signal.SIGINT,
        prepare=cluster.prepare,
        adopt=adopt,
        ready=cluster.answers,
    )


def valkey_spec(server: ValkeyServer) -> ChildSpec:
    return ChildSpec(
        name="valkey",
        command=server.command,
        popen_options=valkey_options(),
        stop=((signal.SIGTERM, 10.0),),
        death_signal=signal.SIGTERM,
        prepare=server.prepare,
        ready=server.answers,
        on_early_end=server.set_damaged_dump_aside,
    )


def worker_spec(
    layout: VarLayout, *, queue: str, processes: int, nice: int, tasks_per_process: int
) -> ChildSpec:
    """A Celery worker for one queue."""
    return ChildSpec(
        name=queue,
        command=lambda: [
            sys.executable, "-m", "celery", "--app", "raterapp", "--quiet", "worker",
            "--queues", queue, "--hostname", f"{queue}@%h", "--concurrency", str(processes),
            "--max-tasks-per-child", str(tasks_per_process),
            "--without-gossip", "--without-mingle", "--loglevel", "INFO",
        ],
        # Waiting threads that spin would take the cores from the pages.
        popen_options=python_options(layout, OMP_WAIT_POLICY="PASSIVE"),
        # Warm shutdown first; a run that is cut short goes on from its checkpoint after the next start.
        stop=((signal.SIGTERM, 5.0), (signal.SIGQUIT, 5.0)),
        # Nobody waits for a cold shutdown whose broker is gone too; its pool processes die with it.
        death_signal=signal.SIGKILL,
        nice=nice,
    )  # fmt: skip


def beat_spec(layout: VarLayout) -> ChildSpec:
    """The clock. Its schedule is a handful of intervals, so it keeps no file that a kill could damage."""
    return ChildSpec(
        name="beat",
        command=lambda: [
            sys.executable, "-m", "celery", "--app", "raterapp", "--quiet", "beat",
            "--scheduler", "celery.beat.Scheduler", "--pidfile", "", "--loglevel", "INFO",
        ],
        popen_options=python_options(layout),
        stop=((signal.SIGTERM, 5.0),),
        death_signal=signal.SIGKILL,
    )  # fmt: skip


def web_spec(layout: VarLayout, options: UpOptions, listening: socket.socket) -> ChildSpec:
    """Gunicorn on the socket that the supervisor holds open."""
    fd = listening.fileno()
    command = [
        sys.executable, "-m", "gunicorn", "raterapp.wsgi:application", "--bind", f"fd://{fd}",
        "--workers", str(options.web_workers), "--worker-class", "gthread", "--threads", "4",
        "--timeout", "60", "--graceful-timeout", "5", "--no-control-socket", "--log-level", "warning",
    ]  # fmt: skip
    if Path("/dev/shm").is_dir():  # noqa: S108 - a heartbeat on disk could stall behind a training run's writes
        command += ["--worker-tmp-dir", "/dev/shm"]  # noqa: S108
    return ChildSpec(
        name="web",
        command=lambda: command,
        popen_options={**python_options(layout), "pass_fds": (fd,)},
        stop=((signal.SIGTERM, 8.0),),
        death_signal=signal.SIGTERM,
        ready=answers_health(web_url(options) + "healthz"),
        url=web_url(options),
    )


def web_url(options: UpOptions) -> str:
    """The address to print: one that a browser on this machine can open."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(options.host, options.host)  # noqa: S104
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"http://{host}:{options.port}/"


def answers_health(url: str) -> Callable[[], bool]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ready() -> bool:
        try:
            with opener.open(url, timeout=2) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    return ready


def python_options(layout: VarLayout, **variables: str) -> dict[str, Any]:
    """How our own Python children are spawned: own session, our environment, the marker, `variables`."""
    return {
        "stdin": subprocess.DEVNULL,
        "cwd": str(CODE_DIR),
        "start_new_session": True,
        "env": {**os.environ, MARKER: str(layout.root), "PYTHONUNBUFFERED": "1", **variables},
    }
