"""What must hold before anything is started, each with a message that says what to do."""

import errno
import os
import shutil
import socket
import tempfile
from pathlib import Path

import psutil

MIN_FREE_BYTES = 300 * 1024 * 1024
_PORTS_TRIED = 50


class CannotStart(RuntimeError):
    """The supervisor cannot do its work; the text tells a person why and what to do."""


def check_var(var_dir: Path) -> None:
    """See that the var folder can be written to and its disk has room.

    Raises:
        CannotStart: it cannot, or it has not.
    """
    try:
        for folder in (var_dir / "run", var_dir / "log"):
            folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=var_dir / "run", prefix="write-test-") as probe:
            probe.write(b"0" * 4096)
            probe.flush()
            os.fsync(probe.fileno())
        free_bytes = shutil.disk_usage(var_dir).free
    except OSError as error:
        raise CannotStart(explain(error, var_dir)) from error
    if free_bytes < MIN_FREE_BYTES:
        raise CannotStart(
            f"The disk of {var_dir} has {free_bytes // 2**20} MB free; at least {MIN_FREE_BYTES // 2**20} MB are "
            "needed. Free some space, or choose another folder: RATERAPP_VAR=/path python manage.py up"
        )


def explain(error: OSError, var_dir: Path) -> str:
    """An operating system error on the var folder, in words that help."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk of {var_dir} is full. Free some space and start again; nothing stored was lost."
    reason = error.strerror or str(error)
    return (
        f"The folder {var_dir} cannot be written to ({reason}). Mend its permissions, or choose another one: "
        "RATERAPP_VAR=/path python manage.py up"
    )


def listen(host: str, port: int) -> socket.socket:
    """Bind the web server's socket; it stays bound while the web server restarts.

    Raises:
        CannotStart: the port is in use or not allowed, or the host has no such address.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(256)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"Port {port} on {host} is in use{_holder(port)}. Choose another one with --port, for example: "
                f"python manage.py up --port {_free_port(host, port)}"
                f" (with make: make run PORT={_free_port(host, port)})"
            ) from error
        raise CannotStart(
            f"Cannot listen on {host} port {port}: {error.strerror or error}. Choose others with --host and --port."
        ) from error
    return bound


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f" by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except (psutil.Error, OSError):
        return ""  # other users' sockets are not ours to see
    return ""


def _free_port(host: str, port: int) -> int:
    for candidate in range(port + 1, min(port + _PORTS_TRIED, 65536)):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError:
                continue
            return candidate
    return port + 1
