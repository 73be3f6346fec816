"""Waiting that ends at once when a signal arrives."""

import os
import select
import signal
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Events:
    """Turns signals into something the supervisor can wait for between two looks at its children."""

    def __init__(self) -> None:
        self.stop_requests = 0
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def listen(self) -> None:
        """Take over the stop signals and the news of a child's end. Call it from the main thread."""
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for stop_signal in STOP_SIGNALS:
            signal.signal(stop_signal, self._on_stop)
        signal.signal(signal.SIGCHLD, _nothing)

    def wait(self, timeout_s: float) -> None:
        """Return after ``timeout_s``, or as soon as any signal has come."""
        ready, _, _ = select.select([self._read], [], [], timeout_s)
        if ready:
            os.read(self._read, 4096)

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        self.stop_requests += 1


def _nothing(number: int, frame: FrameType | None) -> None:
    """SIGCHLD needs a handler, else it would not wake ``wait``."""
