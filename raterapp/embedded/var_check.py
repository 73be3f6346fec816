"""Whether the var folder can hold what will be written to it, said before anything is started."""

import errno
import os
import shutil
import tempfile
from pathlib import Path

MIN_FREE_BYTES = 300 * 1024 * 1024


class CannotStart(RuntimeError):
    """The services cannot be started; the text tells a person why and what to do."""


def check_var(var_dir: Path, *, min_free_bytes: int = MIN_FREE_BYTES) -> None:
    """See that the var folder can be written to and its disk has room.

    Raises:
        CannotStart: it cannot, or it has not.
    """
    try:
        for folder in (var_dir / "run", var_dir / "log", var_dir / "static"):
            folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=var_dir / "run", prefix="write-test-") as probe:
            probe.write(b"0" * 4096)
            probe.flush()
            os.fsync(probe.fileno())
        free_bytes = shutil.disk_usage(var_dir).free
    except OSError as error:
        raise CannotStart(explain(error, var_dir)) from error
    if free_bytes < min_free_bytes:
        raise CannotStart(
            f"The disk of {var_dir} has {free_bytes // 2**20} MB free; at least "
            f"{min_free_bytes // 2**20} MB are needed. Free some space, or choose another "
            "folder: RATERAPP_VAR=/path python manage.py up"
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
