"""Who executes a run: a name that tells host, process and its start, so that the dead can be told apart."""

import os
import socket

import psutil


def worker_name() -> str:
    """This process as ``host:pid:start``; the start time tells it from a later process of the same pid."""
    return _name(psutil.Process(os.getpid()))


def is_dead(name: str) -> bool:
    """True only if ``name`` is a process of this host that is certainly gone."""
    host, _, rest = name.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname() or not rest.isdigit():
        return False
    try:
        return _name(psutil.Process(int(rest))) != name
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


def _name(process: psutil.Process) -> str:
    return f"{socket.gethostname()}:{process.pid}:{process.create_time():.2f}"
