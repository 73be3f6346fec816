"""Lets any management command find the services when none are configured."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from raterapp.embedded.layout import var_layout

# Commands that need no database.
WITHOUT_DATABASE = {"help", "--help", "-h", "version", "--version", "analyze", "collectstatic", "spectacular"}
# Set for ``up``: the services that it has to start itself.
EMBEDDED_VARIABLE = "RATERAPP_EMBEDDED"


@contextmanager
def attach_for_command(argv: list[str]) -> Iterator[None]:
    """Point the settings at the embedded services, and start or join PostgreSQL for one command.

    ``up`` only gets their addresses: it starts them as its own children. Production never falls back to
    embedded services; its settings refuse to load instead.
    """
    command = argv[1] if len(argv) > 1 else "help"
    wants_help = any(word in {"-h", "--help"} for word in argv[2:])
    in_production = os.environ.get("DJANGO_SETTINGS_MODULE", "").endswith(".production")
    if command not in WITHOUT_DATABASE and not wants_help and not in_production:
        try:
            _attach(starts_services=command == "up")
        except (RuntimeError, OSError) as error:
            sys.exit(f"CommandError: {error}")
    yield


def _attach(*, starts_services: bool) -> None:
    from raterapp.embedded.postgres import PostgresCluster, join_postgres
    from raterapp.embedded.valkey import ValkeyServer
    from raterapp.embedded.var_check import MIN_FREE_BYTES, check_var

    layout = var_layout()
    check_var(layout.root, min_free_bytes=MIN_FREE_BYTES if starts_services else 0)
    embedded = []
    if "DATABASE_URL" not in os.environ:
        embedded.append("postgres")
        os.environ["DATABASE_URL"] = (
            PostgresCluster(layout).url() if starts_services else join_postgres(layout)
        )
    if "CELERY_BROKER_URL" not in os.environ:
        valkey = ValkeyServer(layout)
        embedded.append("valkey")
        os.environ["CELERY_BROKER_URL"] = valkey.broker_url
        os.environ.setdefault("CACHE_URL", valkey.cache_url)
    if starts_services:
        os.environ[EMBEDDED_VARIABLE] = ",".join(embedded)
