"""Processes: who one is beyond its pid, and how one is tied to its parent's life."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable

import psutil

_PR_SET_PDEATHSIG = 1
# The kernel's boot time, from which start times are computed, may be corrected by a second or so.
_SAME_START_WITHIN_S = 2.0


def start_time(pid: int) -> float | None:
    """When the process started, in seconds since the epoch; None if there is none."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None


def is_alive(pid: int, started_at: float) -> bool:
    """Whether the very process that had this pid and start time still runs (not a recycled pid)."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started_at) <= _SAME_START_WITHIN_S
        return bool(same and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def wait_until_ended(processes: Iterable[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Wait for processes to end and return those that have not.

    One that has ended but was not reaped counts as ended: in a container nobody may ever reap it.
    """
    deadline = time.monotonic() + timeout_s
    alive = list(processes)
    while (alive := [process for process in alive if _runs(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def tied_to_parent(death_signal: signal.Signals, *, nice: int = 0) -> Callable[[], None]:
    """What a child runs before exec so that the kernel sends it ``death_signal`` when its parent dies.

    Call it from the thread that outlives the child: Linux ties the signal to the parent's thread.
    """
    parent_pid = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def prepare() -> None:
        if nice:
            os.nice(nice)
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
            if os.getppid() != parent_pid:  # it died between fork and prctl
                os._exit(1)

    return prepare


def die_with_parent(death_signal: signal.Signals) -> None:
    """Ask the kernel to send this process ``death_signal`` when its parent dies (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
