"""Lets any management command find a database when none is configured."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Commands that need no database, or (``up``) start it themselves.
WITHOUT_DATABASE = {"help", "--help", "-h", "version", "--version", "up", "analyze", "collectstatic", "compilemessages",
                    "makemessages"}


@contextmanager
def attach_for_command(argv: list[str]) -> Iterator[None]:
    """Start or join the embedded PostgreSQL for the length of one command, if nothing is configured."""
    command = argv[1] if len(argv) > 1 else "help"
    wants_help = any(word in {"-h", "--help"} for word in argv[2:])
    if "DATABASE_URL" not in os.environ and command not in WITHOUT_DATABASE and not wants_help:
        from raterapp.embedded.postgres import start_postgres

        var_dir = Path(os.environ.get("RATERAPP_VAR", Path(__file__).resolve().parents[2] / "var"))
        os.environ["DATABASE_URL"] = start_postgres(var_dir / "postgres")
    yield
