"""Where the embedded services keep their files, and where their sockets may live."""

import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

# sun_path holds 108 bytes including the closing zero byte.
MAX_SOCKET_PATH_BYTES = 107
# Characters that need no quoting in a database URL, a PostgreSQL setting or a Valkey setting.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+-]+")


@dataclass(frozen=True)
class VarLayout:
    """The rooms of one var folder."""

    root: Path

    @property
    def run(self) -> Path:
        """Pid records, locks and (if the path is short enough) sockets."""
        return self.root / "run"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    def socket_dir(self, service: str, socket_name: str) -> Path:
        """The folder for a service's socket: inside var, or a private short one if var lies too deep."""
        inside = self.run / service
        if _fits(inside / socket_name):
            return inside
        identity = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
        for folder in (base, "/tmp"):  # noqa: S108 - the folder below is private and its owner is checked
            outside = Path(folder) / f"raterapp-{os.getuid()}-{identity}" / service
            if _fits(outside / socket_name):
                return outside
        raise OSError(f"No folder has a path short enough for the socket of {service}.")


def var_layout() -> VarLayout:
    """The var folder of this installation: ``RATERAPP_VAR``, or ``var`` beside the code."""
    default = Path(__file__).resolve().parents[2] / "var"
    return VarLayout(Path(os.environ.get("RATERAPP_VAR") or default).resolve())


def make_private(folder: Path, layout: VarLayout) -> Path:
    """Create a socket folder for this user alone; outside var, refuse one that somebody else put there.

    Raises:
        PermissionError: the folder above belongs to another user, is a link, or others may write to it.
    """
    above = folder.parent
    above.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not above.is_relative_to(layout.root):
        found = above.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
            raise PermissionError(f"{above} is not a private folder of this user; remove it and start again.")
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES and _PLAIN_PATH.fullmatch(str(path)) is not None
