"""A web server for the length of one command, on a free port of this machine."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

_START_S = 60.0
_STOP_S = 10.0


class ServerFailedError(RuntimeError):
    """The server did not come up; the message holds the end of its log."""


@contextmanager
def temporary_server() -> Iterator[str]:
    """Run gunicorn on the database in use and yield its address; it is stopped at the end."""
    with socket.socket() as listener, tempfile.TemporaryFile("w+") as log:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        port = listener.getsockname()[1]
        # The socket is handed over open, so nobody else can take the port in between.
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "raterapp.wsgi:application"),
                *("--bind", f"fd://{listener.fileno()}", "--workers", "2", "--threads", "4"),
                *("--worker-class", "gthread", "--log-level", "warning"),
            ],
            env=os.environ
            | {
                "DATABASE_URL": _database_url(),
                "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"],
            },
            cwd=Path(settings.BASE_DIR),
            pass_fds=[listener.fileno()],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait_until_up(process, port, log.fileno())
            yield f"http://127.0.0.1:{port}"
        finally:
            _stop(process)


def _wait_until_up(process: "subprocess.Popen[bytes]", port: int, log: int) -> None:
    """The kernel accepts connections at once; the first answer means that a worker has loaded."""
    request = b"HEAD /r/-/ HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as probe:
        probe.settimeout(1.0)
        probe.sendall(request)
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if probe.recv(1):
                    return
            except TimeoutError:
                continue
    os.lseek(log, max(0, os.fstat(log).st_size - 2000), os.SEEK_SET)
    raise ServerFailedError("the web server did not start:\n" + os.read(log, 2000).decode(errors="replace"))


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _database_url() -> str:
    """The URL that this process was started with, naming the database now in use (a test database, say)."""
    url = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(url._replace(path="/" + quote(str(connection.settings_dict["NAME"]))))
