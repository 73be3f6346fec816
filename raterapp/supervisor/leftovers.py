"""What a killed supervisor may have left, found by recorded pid and start time, or by the marker."""

import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil

from raterapp.embedded.layout import VarLayout
from raterapp.embedded.process import is_alive, wait_until_ended
from raterapp.supervisor.child import MARKER

GRACE_S = 3.0


def reap(layout: VarLayout, *, keep: frozenset[int] = frozenset()) -> int:
    """End every process that an earlier supervisor of this var folder left; return how many there were.

    ``keep`` names processes that somebody else still uses (a database that a command joined).
    """
    found = {p.pid: p for p in (*_recorded(layout), *_marked(layout)) if p.pid not in keep | {os.getpid()}}
    leftovers = list(found.values())
    for process in leftovers:
        with suppress(psutil.NoSuchProcess):
            # Workers leave at once on SIGQUIT and wait for their task on SIGTERM; nobody waits for these.
            process.send_signal(signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
    alive = wait_until_ended(leftovers, GRACE_S)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    wait_until_ended(alive, GRACE_S)
    for record in _record_paths(layout):
        record.unlink(missing_ok=True)
    return len(leftovers)


def _recorded(layout: VarLayout) -> list[psutil.Process]:
    """The processes of ``var/run/*.json`` that are still the same ones, with their descendants."""
    found = []
    for path in _record_paths(layout):
        try:
            record = json.loads(path.read_text())
            pid, started_at = int(record["pid"]), float(record["started_at"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # cut short by a full disk or a crash; the marker still finds the process
        if is_alive(pid, started_at):
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                found += [process, *process.children(recursive=True)]
    return found


def _marked(layout: VarLayout) -> list[psutil.Process]:
    """The processes whose environment says that a supervisor of this var folder started them."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            if process.environ().get(MARKER) == str(layout.root):
                found.append(process)
    return found


def _record_paths(layout: VarLayout) -> list[Path]:
    return sorted(layout.run.glob("*.json"))
