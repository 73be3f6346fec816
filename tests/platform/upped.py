"""Drives the real ``manage.py up`` as a terminal would."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from raterapp.embedded.process import wait_until_ended

CODE_DIR = Path(__file__).resolve().parents[2]
UP_TEXT = "Ctrl-C stops everything."
TIMEOUT_S = 120.0


class Upped:
    """One ``up`` on a var folder, and what it has printed so far."""

    def __init__(self, var_dir: Path, *arguments: str) -> None:
        self.var_dir = var_dir
        self.output = ""
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", *arguments],
            cwd=CODE_DIR,
            env=environment(var_dir),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def read_until(self, text: str) -> str:
        """Everything printed up to ``text``; fails if the process ends or the time is up before."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + TIMEOUT_S
        seen_before = len(self.output)
        while text not in self.output[seen_before:]:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            chunk = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            assert chunk, f"no {text!r} in the output of up:\n{self.output}"
            self.output += chunk.decode()
        return self.output

    def holder_pid(self) -> int:
        return int(json.loads((self.var_dir / "run" / "supervisor.lock").read_text())["pid"])

    def child_pid(self, name: str) -> int:
        return int(json.loads((self.var_dir / "run" / f"{name}.json").read_text())["pid"])

    def end(self, stop_signal: signal.Signals) -> int:
        """Send the signal to the supervisor and return its exit code."""
        self.process.send_signal(stop_signal)
        rest, _ = self.process.communicate(timeout=TIMEOUT_S)
        self.output += rest.decode()
        return self.process.returncode


def environment(var_dir: Path) -> dict[str, str]:
    """A shell's environment in which nothing of the product is configured."""
    configured = {"DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "DJANGO_SETTINGS_MODULE", "SECRET_KEY"}
    return {k: v for k, v in os.environ.items() if k not in configured} | {"RATERAPP_VAR": str(var_dir)}


def processes_of(var_dir: Path) -> list[psutil.Process]:
    """Every process that has to do with this var folder: by environment, command line or working folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = [*process.environ().values(), *process.cmdline(), process.cwd()]
            if process.pid != os.getpid() and any(str(var_dir) in word for word in words):
                found.append(process)
    return found


def all_gone(processes: list[psutil.Process], within_s: float = 15.0) -> bool:
    return not wait_until_ended(processes, within_s)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
