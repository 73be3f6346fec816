"""Locks that the kernel releases when their holder dies, so that none can be stale."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold ``path`` alone for the length of the block; wait for it first."""
    handle = _open(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class Use:
    """This process's share in something that should stop with its last user."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def begin(self) -> None:
        if self._handle is None:
            self._handle = _open(self._path)
            fcntl.flock(self._handle, fcntl.LOCK_SH)

    def end(self) -> bool:
        """Give the share back and say whether it was the last. Call it under an ``exclusive`` lock."""
        if self._handle is None:
            return False
        os.close(self._handle)
        self._handle = None
        return not in_use(self._path)


def in_use(path: Path) -> bool:
    """Whether any process holds a ``Use`` of ``path``."""
    handle = _open(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


class HeldLock:
    """A lock that names its holder to whoever finds it taken."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def take(self) -> bool:
        """Take the lock without waiting; say whether that worked."""
        handle = _open(self._path)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def describe(self, text: str) -> None:
        """Replace what others read about the holder."""
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, text.encode(), 0)

    def description(self) -> str:
        return self._path.read_text() if self._path.exists() else ""

    def release(self) -> None:
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
