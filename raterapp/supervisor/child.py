"""One supervised process: how it starts, how it is watched, how it ends with all it started."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from raterapp.embedded.process import start_time, tied_to_parent

# In the environment of every child, so that whatever it started can be found after a crash.
MARKER = "RATERAPP_SUPERVISED_VAR"
BACKOFF_S = (0.5, 1, 2, 5, 10, 30)
STEADY_AFTER_S = 60.0


@dataclass(frozen=True)
class ChildSpec:
    """What to run and how to end it.

    ``stop`` lists signals with the seconds each is given before the next; SIGKILL to the group comes last.
    ``death_signal`` is what the kernel sends when the supervisor itself is killed.
    ``url`` goes into the child's record, for commands that want to reach it.
    """

    name: str
    command: Callable[[], list[str]]
    popen_options: Mapping[str, Any]
    stop: tuple[tuple[signal.Signals, float], ...]
    death_signal: signal.Signals
    nice: int = 0
    prepare: Callable[[], None] | None = None
    adopt: Callable[[], int | None] | None = None
    ready: Callable[[], bool] | None = None
    on_early_end: Callable[[], bool] | None = None
    url: str | None = None


@dataclass
class Child:
    """A spec and the process that runs it now."""

    spec: ChildSpec
    log_path: Path
    record_path: Path
    process: psutil.Process | None = None
    failures: int = 0
    started_at: float = 0.0
    restart_at: float | None = None
    is_ready: bool = False
    exit_text: str = ""
    _popen: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start the process, or take over one that others of this var folder use."""
        self.restart_at, self.is_ready, self.started_at = None, False, time.monotonic()
        pid = self.spec.adopt() if self.spec.adopt else None
        if pid is None:
            if self.spec.prepare:
                self.spec.prepare()
            with self.log_path.open("ab") as log:
                self._popen = subprocess.Popen(
                    self.spec.command(),
                    stdout=log,
                    stderr=log,
                    preexec_fn=tied_to_parent(self.spec.death_signal, nice=self.spec.nice),
                    **self.spec.popen_options,
                )
            pid = self._popen.pid
        else:
            self._popen = None
        self.process = psutil.Process(pid)
        record = {"name": self.spec.name, "pid": pid, "started_at": start_time(pid), "url": self.spec.url}
        self.record_path.write_text(json.dumps(record))

    @property
    def is_adopted(self) -> bool:
        """Whether somebody else started the process, so that it is no child of ours."""
        return self.process is not None and self._popen is None

    def has_ended(self) -> bool:
        """Whether the process is gone; remembers how it ended."""
        if self.process is None:
            return True
        if self._popen is not None:
            code = self._popen.poll()
            if code is None:
                return False
            self.exit_text = f"exit {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
        elif self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE:
            return False
        return True

    def clear(self) -> None:
        """After the end: kill what the process left in its group and forget it."""
        if self.process is not None and not self.is_adopted:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process = self._popen = None
        self.is_ready = False
        self.record_path.unlink(missing_ok=True)

    def plan_restart(self) -> float:
        """Choose when to start it again, later with every quick failure; return the delay in seconds."""
        if time.monotonic() - self.started_at > STEADY_AFTER_S:
            self.failures = 0
        delay_s = BACKOFF_S[min(self.failures, len(BACKOFF_S) - 1)]
        self.failures += 1
        self.restart_at = time.monotonic() + delay_s
        return delay_s

    def send(self, stop_signal: signal.Signals) -> None:
        if self.process is not None:
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                self.process.send_signal(stop_signal)

    def kill_group(self) -> None:
        """End it now, with everything that it started and that stayed in its group."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            if self.is_adopted:
                self.process.kill()
            else:
                os.killpg(self.process.pid, signal.SIGKILL)
