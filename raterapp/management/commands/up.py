"""``manage.py up``: the whole product from one command."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from raterapp.embedded.attach import EMBEDDED_VARIABLE
from raterapp.embedded.layout import var_layout
from raterapp.embedded.postgres import PostgresError
from raterapp.embedded.var_check import CannotStart
from raterapp.supervisor.first_start import greet
from raterapp.supervisor.plan import UpOptions
from raterapp.supervisor.supervisor import Supervisor


class Command(BaseCommand):
    help = (
        "Start everything: database, broker, web server, workers and clock; load the demo on the first "
        "start. Ctrl-C stops it all. Data and logs are in ./var (or RATERAPP_VAR)."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: %(default)s)")
        parser.add_argument(
            "--workers", type=int, default=2, help="web processes, four threads each (default: %(default)s)"
        )
        parser.add_argument("--no-demo", action="store_true", help="do not load the demo on the first start")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["port"] <= 65535:
            raise CommandError(f"--port must be between 1 and 65535, not {options['port']}.")
        if options["workers"] < 1:
            raise CommandError(f"--workers must be at least 1, not {options['workers']}.")
        chosen = UpOptions(options["host"], options["port"], options["workers"], not options["no_demo"])
        embedded = frozenset(filter(None, os.environ.pop(EMBEDDED_VARIABLE, "").split(",")))
        supervisor = Supervisor(var_layout(), chosen, embedded, self._say)
        try:
            supervisor.run(greet)
        except (CannotStart, PostgresError) as error:
            raise CommandError(str(error)) from error
        self._say("Stopped.")

    def _say(self, text: str) -> None:
        try:
            self.stdout.write(text)
            self.stdout.flush()
        except OSError:
            pass  # the terminal is gone; the children are not
