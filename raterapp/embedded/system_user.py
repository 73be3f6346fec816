"""PostgreSQL refuses to run as root; this finds the user it runs as instead."""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAME = "pgserver"


@dataclass(frozen=True)
class SystemUser:
    """An account of the operating system."""

    uid: int
    gid: int


def database_user() -> SystemUser | None:
    """The account for PostgreSQL when we are root (made if missing); None when we are an ordinary user."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        entry = _create() or pwd.getpwnam("nobody")
    return SystemUser(entry.pw_uid, entry.pw_gid)


def _create() -> pwd.struct_passwd | None:
    command = shutil.which("useradd")
    if command is None:
        return None
    made = subprocess.run(
        [command, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME],
        capture_output=True,
        check=False,
    )
    # 9 means that another process made the account a moment ago.
    return pwd.getpwnam(NAME) if made.returncode in (0, 9) else None


def grant(folder: Path, user: SystemUser | None) -> None:
    """Give ``folder`` to the database user and let it pass through (not list) the folders above."""
    if user is None:
        return
    os.chown(folder, user.uid, user.gid)
    grant_passage(folder)


def grant_passage(folder: Path) -> None:
    """Let every user pass through (not list) the folders above ``folder``."""
    for above in folder.resolve().parents:
        mode = stat.S_IMODE(above.stat().st_mode)
        if not mode & stat.S_IXOTH:
            above.chmod(mode | stat.S_IXOTH)
