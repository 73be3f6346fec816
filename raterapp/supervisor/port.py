"""The web server's port: taken before anything is started, with a clear word if it cannot be."""

import errno
import socket

import psutil

from raterapp.embedded.var_check import CannotStart

_PORTS_TRIED = 50


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
                f"Port {port} on {host} is in use{_holder(port)}. Choose another one with --port, for "
                f"example: python manage.py up --port {_free_port(host, port)} "
                f"(with make: make run PORT={_free_port(host, port)})"
            ) from error
        raise CannotStart(
            f"Cannot listen on {host} port {port}: {error.strerror or error}. "
            "Choose others with --host and --port."
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
